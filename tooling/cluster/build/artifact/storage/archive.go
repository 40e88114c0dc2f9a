package storage

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"
)

// ArchiveFileFilter tells whether a file is to be left out.
type ArchiveFileFilter func(path string, info fs.FileInfo) bool

// SourceIgnoreFilter leaves out what version control and .sourceignore leave out.
func SourceIgnoreFilter(patterns []gitignore.Pattern, domain []string) ArchiveFileFilter {
	matcher := sourceignore.NewDefaultMatcher(patterns, domain)
	if len(patterns) > 0 {
		matcher = sourceignore.NewMatcher(append(sourceignore.VCSPatterns(domain), patterns...))
	}
	return func(path string, info fs.FileInfo) bool {
		return matcher.Match(strings.Split(path, string(filepath.Separator)), info.IsDir())
	}
}

// Archive packs a folder as the artifact's file. Times and owners are left out, so that the same content has the same digest.
func (s *Storage) Archive(artifact *meta.Artifact, folder string, filter ArchiveFileFilter) error {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(pack(writer, folder, filter)) }()
	err := s.Copy(artifact, reader)
	return errors.Join(err, reader.Close())
}

func pack(writer io.Writer, folder string, filter ArchiveFileFilter) error {
	zipped := gzip.NewWriter(writer)
	packed := tar.NewWriter(zipped)
	err := filepath.Walk(folder, func(path string, info fs.FileInfo, err error) error {
		if err != nil || path == folder {
			return err
		}
		if filter != nil && filter(path, info) {
			if info.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		return addFile(packed, folder, path, info)
	})
	return errors.Join(err, packed.Close(), zipped.Close())
}

func addFile(packed *tar.Writer, folder, path string, info fs.FileInfo) error {
	name, err := filepath.Rel(folder, path)
	if err != nil {
		return err
	}
	mode := int64(0o600)
	if info.Mode()&0o111 != 0 {
		mode = 0o700
	}
	header := &tar.Header{Name: filepath.ToSlash(name), Mode: mode, Size: info.Size(), ModTime: time.Unix(0, 0)}
	if err := packed.WriteHeader(header); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(packed, file)
	return err
}
