// Reads with Go's archive/tar and compress/gzip. See index.ts for what it takes and prints.
package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	file, err := os.Open(os.Args[1])
	check(err)
	var source io.Reader = file
	sizes := len(os.Args) > 2
	if strings.HasSuffix(os.Args[1], "gz") {
		source, err = gzip.NewReader(file)
		check(err)
	}
	archive := tar.NewReader(source)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		check(err)
		if header.Typeflag != tar.TypeReg {
			check(fmt.Errorf("%s is not a regular file", header.Name))
		}
		digest := "-"
		if !sizes {
			hash := sha256.New()
			_, err = io.Copy(hash, archive)
			check(err)
			digest = fmt.Sprintf("%x", hash.Sum(nil))
		}
		fmt.Println(header.Size, digest, header.Name)
	}
	// The checksum of the gzip stream is compared at its end.
	_, err = io.Copy(io.Discard, source)
	check(err)
}
