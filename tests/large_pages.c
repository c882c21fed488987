/*
 * Linked into each sanitized program: AddressSanitizer calls this before anything else runs. Its
 * tables, some megabytes of zeros in each of its libraries, are spread over thousands of small
 * pages, and the search for leaks looks at all of them: half the time of a short program went to
 * the page faults. Where the system has no large pages, all stays as it was.
 */

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

enum { PAGE = 4096, TABLE = 1024 * 1024 };

const char *__asan_default_options(void);

/* The zeros behind what a segment has in its file. */
static void use_large_pages(uintptr_t base, const ElfW(Phdr) * segment)
{
	uintptr_t begin =
		(base + segment->p_vaddr + segment->p_filesz + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	uintptr_t end = (base + segment->p_vaddr + segment->p_memsz) & ~(uintptr_t)(PAGE - 1);
	if (begin < end) {
		(void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
	}
}

static int use_large_pages_of(struct dl_phdr_info *module, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	for (unsigned i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &module->dlpi_phdr[i];
		if (segment->p_type == PT_LOAD && segment->p_memsz - segment->p_filesz >= TABLE) {
			use_large_pages(module->dlpi_addr, segment);
		}
	}
	return 0;
}

const char *__asan_default_options(void)
{
	(void)dl_iterate_phdr(use_large_pages_of, NULL);
	return "";
}
