#include "proto/windows/pe_version.h"

#include <stdint.h>
#include <string.h>

#include "proto/base/wire.h"

#define DOS_PE_AT           60          /* e_lfanew of IMAGE_DOS_HEADER */
#define PE_MAGIC            0x00004550u /* "PE\0\0" */
#define PE32_MAGIC          0x10B
#define PE32_PLUS_MAGIC     0x20B
#define MAX_SECTIONS        96 /* no Windows loads more (winnt.h: IMAGE_FILE_HEADER) */
#define SECTION_HEADER_SIZE 40
#define RESOURCE_DIRECTORY  2 /* IMAGE_DIRECTORY_ENTRY_RESOURCE */
#define RT_VERSION          16
#define SUBDIRECTORY        0x80000000u /* in an entry's offset: another level, not data */
#define ANY_ID              0xFFFFFFFFu
#define FIXED_SIGNATURE     0xFEEF04BDu /* VS_FFI_SIGNATURE */
#define FIXED_SIZE          52          /* VS_FIXEDFILEINFO */

struct image {
	struct wire_reader file;
	uint16_t n_sections;
	struct wire_reader sections; /* their headers */
	uint32_t resources_rva;      /* 0: there are none */
};

/* A reader of what follows `at`; failed if that is beyond the end. */
static struct wire_reader from(const struct wire_reader *whole, size_t at)
{
	struct wire_reader skipped = *whole;
	skipped.at = 0;
	wire_skip(&skipped, at);
	return wire_get_part(&skipped, wire_left(&skipped));
}

/* IMAGE_DOS_HEADER and the magic number of what it leads to. */
static enum status get_dos_header(struct image *image, struct wire_reader *pe)
{
	static const uint8_t mz[] = { 'M', 'Z' };
	struct wire_reader dos = from(&image->file, 0);

	const uint8_t *magic = wire_get_bytes(&dos, sizeof mz);
	if (!magic || memcmp(magic, mz, sizeof mz) != 0)
		return STATUS_UNSUPPORTED;
	wire_skip(&dos, DOS_PE_AT - sizeof mz);
	uint32_t pe_at = wire_get_u32(&dos);
	*pe = from(&image->file, pe_at);
	uint32_t pe_magic = wire_get_u32(pe);
	if (dos.status != STATUS_OK || pe->status != STATUS_OK)
		return STATUS_MALFORMED;
	return pe_magic == PE_MAGIC ? STATUS_OK : STATUS_UNSUPPORTED;
}

/* IMAGE_OPTIONAL_HEADER, of both widths, for the place of the resources. */
static enum status get_optional_header(struct image *image, struct wire_reader *r)
{
	uint16_t magic = wire_get_u16(r);
	if (magic != PE32_MAGIC && magic != PE32_PLUS_MAGIC)
		return STATUS_MALFORMED;
	/* NumberOfRvaAndSizes is at 92; PE32+ has five fields of 8 instead of 4, and one less. */
	wire_skip(r, (magic == PE32_MAGIC ? 92 : 108) - 2);
	if (wire_get_u32(r) <= RESOURCE_DIRECTORY)
		return r->status == STATUS_OK ? STATUS_NOT_FOUND : STATUS_MALFORMED;
	wire_skip(r, (size_t)RESOURCE_DIRECTORY * 8);
	image->resources_rva = wire_get_u32(r); /* its size is not used: no loader looks at it */
	if (r->status != STATUS_OK)
		return STATUS_MALFORMED;
	return image->resources_rva ? STATUS_OK : STATUS_NOT_FOUND;
}

/* All headers: IMAGE_FILE_HEADER behind the magic number, then the optional one, the sections. */
static enum status get_headers(struct image *image)
{
	struct wire_reader pe;
	enum status status = get_dos_header(image, &pe);
	if (status != STATUS_OK)
		return status;

	wire_skip(&pe, 2); /* machine */
	image->n_sections = wire_get_u16(&pe);
	wire_skip(&pe, 4 + 4 + 4); /* time stamp, symbols */
	uint16_t optional_size = wire_get_u16(&pe);
	wire_skip(&pe, 2); /* characteristics */
	struct wire_reader optional = wire_get_part(&pe, optional_size);
	image->sections = wire_get_part(&pe, (size_t)image->n_sections * SECTION_HEADER_SIZE);
	if (pe.status != STATUS_OK || image->n_sections > MAX_SECTIONS)
		return STATUS_MALFORMED;
	return get_optional_header(image, &optional);
}

/*
 * The file's bytes from that address of the loaded image to the end of the file: the sizes in the
 * headers are wrong in some files, whose resources run over the end of their section.
 */
static struct wire_reader at_rva(const struct image *image, uint32_t rva)
{
	struct wire_reader headers = image->sections;

	for (unsigned i = 0; i < image->n_sections; i++) {
		wire_skip(&headers, 8);                   /* name */
		uint32_t loaded = wire_get_u32(&headers); /* 0 with old linkers */
		uint32_t start = wire_get_u32(&headers);
		uint32_t stored = wire_get_u32(&headers);
		uint32_t file_at = wire_get_u32(&headers);
		wire_skip(&headers, 16);
		uint32_t size = loaded > stored ? loaded : stored;
		if (rva < start || rva - start >= size)
			continue;
		struct wire_reader section = from(&image->file, file_at);
		return from(&section, rva - start);
	}
	struct wire_reader none = { .status = STATUS_MALFORMED };
	return none;
}

/*
 * Looks into the resource directory at `at` for the first entry of `id`, or just the first.
 * IMAGE_RESOURCE_DIRECTORY, then first the entries with names, then those with ids.
 */
static enum status find_entry(const struct wire_reader *resources, uint32_t at, uint32_t id,
			      uint32_t *out)
{
	struct wire_reader r = from(resources, at);

	wire_skip(&r, 4 + 4 + 2 + 2);
	uint32_t n = wire_get_u16(&r);
	n += wire_get_u16(&r);
	for (uint32_t i = 0; i < n && r.status == STATUS_OK; i++) {
		uint32_t entry_id = wire_get_u32(&r);
		uint32_t offset = wire_get_u32(&r);
		if (r.status == STATUS_OK && (id == ANY_ID || entry_id == id)) {
			*out = offset;
			return STATUS_OK;
		}
	}
	return r.status == STATUS_OK ? STATUS_NOT_FOUND : STATUS_MALFORMED;
}

/* The data of the first version resource: three levels, type, name and language. */
static enum status find_version(const struct image *image, struct wire_reader *out)
{
	static const uint32_t ids[] = { RT_VERSION, ANY_ID, ANY_ID };
	struct wire_reader resources = at_rva(image, image->resources_rva);
	uint32_t at = SUBDIRECTORY;

	for (size_t level = 0; level < sizeof ids / sizeof *ids; level++) {
		if (!(at & SUBDIRECTORY))
			return STATUS_MALFORMED;
		enum status status = find_entry(&resources, at & ~SUBDIRECTORY, ids[level], &at);
		if (status != STATUS_OK)
			return status;
	}
	if (at & SUBDIRECTORY)
		return STATUS_MALFORMED;
	struct wire_reader entry = from(&resources, at);
	uint32_t rva = wire_get_u32(&entry);
	uint32_t size = wire_get_u32(&entry);
	struct wire_reader section = at_rva(image, rva);
	size_t left = wire_left(&section);
	*out = wire_get_part(&section, size < left ? size : left);
	return entry.status == STATUS_OK && out->status == STATUS_OK ? STATUS_OK : STATUS_MALFORMED;
}

/* VS_VERSIONINFO and the VS_FIXEDFILEINFO in it. wLength is not used: some are wrong. */
static enum status get_version(struct wire_reader *r, struct version *out)
{
	static const char key[] = "VS_VERSION_INFO"; /* as UTF-16, terminated */

	wire_skip(r, 2);
	uint16_t value_size = wire_get_u16(r);
	wire_skip(r, 2); /* type */
	for (size_t i = 0; i < sizeof key; i++) {
		if (wire_get_u16(r) != (uint16_t)key[i])
			return STATUS_MALFORMED;
	}
	wire_skip(r, 2); /* padding to a multiple of 4 */
	if (value_size < FIXED_SIZE || wire_left(r) < FIXED_SIZE ||
	    wire_get_u32(r) != FIXED_SIGNATURE)
		return STATUS_MALFORMED;
	wire_skip(r, 4); /* version of the structure */
	uint32_t high = wire_get_u32(r);
	uint32_t low = wire_get_u32(r);
	if (r->status != STATUS_OK)
		return STATUS_MALFORMED;
	*out = (struct version){ { (uint16_t)(high >> 16), (uint16_t)high, (uint16_t)(low >> 16),
				   (uint16_t)low } };
	return STATUS_OK;
}

enum status pe_version_read(const void *bytes, size_t size, struct version *out)
{
	struct image image = { .file = wire_read_from(bytes, size) };
	struct wire_reader data;

	if (size > PE_VERSION_MAX_FILE)
		return STATUS_LIMIT;
	enum status status = get_headers(&image);
	if (status == STATUS_OK)
		status = find_version(&image, &data);
	if (status == STATUS_OK)
		status = get_version(&data, out);
	return status;
}
