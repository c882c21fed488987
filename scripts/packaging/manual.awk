# Turns what --help says into scdoc, of which scripts/packaging/manual makes its pages.
#
#   -v mode=text       all of it
#   -v mode=about      all but the options
#   -v mode=options    the options alone, each once, under the headings that they stand under
#   -v mode=settings   the options alone, as keys of a file: "key = VALUE"

# What scdoc would take for its own.
function plain(text) {
	gsub(/[\\_*`#~|<>]/, "\\\\&", text)
	sub(/^[-.+\[\]]/, "\\\\&", text)
	return text
}

function end_example() {
	if (in_example) print "```\n"
	in_example = 0
}

# "--name VALUE   text": two blanks part them, or one behind a VALUE that is as wide as its column.
function split_option(line) {
	option = line
	text = ""
	value = ""
	if (match(line, /  +/) || match(line, /[A-Z] [a-z]/)) {
		text = substr(line, RSTART + (line ~ /  /  ? RLENGTH : 2))
		option = substr(line, 1, RSTART - (line ~ /  / ? 1 : 0))
	}
	if (match(option, / [^-]/)) {
		value = substr(option, RSTART + 1)
		option = substr(option, 1, RSTART - 1)
	}
}

function print_option(line) {
	split_option(line)
	is_shown = mode != "about" && (mode == "text" || !(option in seen))
	seen[option]
	if (!is_shown) return
	if (mode == "options" && heading != "") print "## " toupper(heading) "\n"
	heading = ""
	if (mode == "settings") {
		sub(/^--/, "", option)
		printf "\n*%s* = _%s_\n", plain(option), plain(value == "" ? "yes or no" : value)
	} else {
		printf "\n*%s*%s\n", plain(option), value == "" ? "" : " _" plain(value) "_"
	}
	if (text != "") print "\t" plain(text)
}

{ sub(/[ \t]+$/, "") }

# The page has a heading that says which command it is.
FNR == 1 { sub(/^mtawatch-[a-z]+ [a-z-]+: /, "") }

{ is_alone = previous == ""; previous = $0 }

# A heading is a line alone; what it is of stands below, indented.
is_alone && /^(Options.*:|[A-Z][A-Za-z ]*)$/ && !/^Examples/ {
	end_example()
	heading = /^(Options|Everywhere)/ ? "" : $0
	next
}

/^  (-h, )?--/ {
	end_example()
	print_option(substr($0, 3))
	in_option = 1
	next
}

in_option && /^          / {
	sub(/^ +/, "")
	if (is_shown) print "\t" plain($0)
	next
}

in_option { print ""; in_option = 0 }

mode == "options" || mode == "settings" { next }

/^  / { # an example, word for word
	if (!in_example) print "```"
	in_example = 1
	print substr($0, 3)
	next
}

in_example && /^$/ { next }
{ end_example() }
/^Examples:?$/ { print "Examples:\n"; next }
{ print plain($0) }
END { end_example() }
