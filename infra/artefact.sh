#!/bin/sh
# What the artefact of the functions must be, whoever builds it: for x86-64, content with the C library of provided.al2023,
# and small: it is fetched at every cold start.
set -eu
artefact=$1
most_bytes=12000000
most_glibc=2.34
x86_64=62

bytes=$(gzip -9 -c "$artefact" | wc -c)
machine=$(od -An -j18 -N2 -tu2 "$artefact" | tr -d ' ')
glibc=$(grep -aoE 'GLIBC_2\.[0-9]+' "$artefact" | cut -d_ -f2 | sort -uV | tail -n 1)
echo "$artefact: $bytes bytes compressed ($most_bytes are allowed), glibc $glibc ($most_glibc)"

bad() {
	echo "$artefact $1" >&2
	exit 1
}
[ "$machine" = "$x86_64" ] || bad "is not for x86-64"
[ "$bytes" -le "$most_bytes" ] || bad "is too large"
[ "$(printf '%s\n' "$glibc" "$most_glibc" | sort -V | tail -n 1)" = "$most_glibc" ] || bad "asks for a newer C library"
