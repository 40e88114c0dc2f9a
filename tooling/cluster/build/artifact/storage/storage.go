// Package storage keeps the artifacts of sources as files. It has what source-controller calls, for clusters that tests start
// for a few minutes: replaced artifacts are removed at once, and includes of other repositories are not supported.
package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/artifact/config"
	"github.com/fluxcd/pkg/artifact/digest"
	godigest "github.com/opencontainers/go-digest"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Storage is a folder of artifacts, and the host under which they are served.
type Storage struct {
	folder string
	host   string
	locks  sync.Map
}

// New makes the folder if needed.
func New(options *config.Options) (*Storage, error) {
	if err := os.MkdirAll(options.StoragePath, 0o700); err != nil {
		return nil, err
	}
	host := options.StorageAdvAddress
	if host == "" {
		host = options.StorageAddress
	}
	return &Storage{folder: options.StoragePath, host: host}, nil
}

// NewArtifactFor names an artifact: <kind>/<namespace>/<name>/<file>.
func (s *Storage) NewArtifactFor(kind string, object metav1.Object, revision, file string) meta.Artifact {
	path := filepath.Join(strings.ToLower(kind), object.GetNamespace(), object.GetName(), file)
	artifact := meta.Artifact{Path: path, Revision: revision}
	s.SetArtifactURL(&artifact)
	return artifact
}

// SetArtifactURL writes the URL under which the artifact is served now.
func (s *Storage) SetArtifactURL(artifact *meta.Artifact) {
	if artifact != nil && artifact.Path != "" {
		artifact.URL = "http://" + s.host + "/" + filepath.ToSlash(artifact.Path)
	}
}

// SetHostname puts our host into a URL.
func (s *Storage) SetHostname(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || text == "" {
		return text
	}
	parsed.Host = s.host
	return parsed.String()
}

// LocalPath is the artifact's file; empty for one without a path, or with one that leads out of the folder.
func (s *Storage) LocalPath(artifact meta.Artifact) string {
	if artifact.Path == "" || !filepath.IsLocal(artifact.Path) {
		return ""
	}
	return filepath.Join(s.folder, artifact.Path)
}

// MkdirAll makes the folder that the artifact's file lies in.
func (s *Storage) MkdirAll(artifact meta.Artifact) error {
	return os.MkdirAll(filepath.Dir(s.LocalPath(artifact)), 0o700)
}

// Lock holds an artifact for one writer; the function that it returns lets go.
func (s *Storage) Lock(artifact meta.Artifact) (func(), error) {
	held, _ := s.locks.LoadOrStore(s.LocalPath(artifact), &sync.Mutex{})
	mutex := held.(*sync.Mutex)
	mutex.Lock()
	return mutex.Unlock, nil
}

// ArtifactExist tells whether the artifact's file is there.
func (s *Storage) ArtifactExist(artifact meta.Artifact) bool {
	stat, err := os.Lstat(s.LocalPath(artifact))
	return err == nil && stat.Mode().IsRegular()
}

// VerifyArtifact compares the file with the digest that the artifact bears.
func (s *Storage) VerifyArtifact(artifact meta.Artifact) error {
	wanted, err := godigest.Parse(artifact.Digest)
	if err != nil {
		return fmt.Errorf("digest %q of the artifact: %w", artifact.Digest, err)
	}
	file, err := os.Open(s.LocalPath(artifact))
	if err != nil {
		return err
	}
	defer file.Close()
	verifier := wanted.Verifier()
	if _, err := io.Copy(verifier, file); err != nil {
		return err
	}
	if !verifier.Verified() {
		return fmt.Errorf("the file does not match the digest %s", wanted)
	}
	return nil
}

// Copy writes what the reader gives as the artifact's file, whole or not at all, and sets digest, size, time and URL.
func (s *Storage) Copy(artifact *meta.Artifact, reader io.Reader) error {
	path := s.LocalPath(*artifact)
	if path == "" {
		return errors.New("the artifact has no usable path")
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".partial-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	digester := digest.Canonical.Digester()
	size, err := io.Copy(io.MultiWriter(file, digester.Hash()), reader)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	artifact.Digest = digester.Digest().String()
	artifact.Size = &size
	artifact.LastUpdateTime = metav1.NewTime(time.Now())
	s.SetArtifactURL(artifact)
	return nil
}

// CopyFromPath is Copy from a file.
func (s *Storage) CopyFromPath(artifact *meta.Artifact, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return s.Copy(artifact, file)
}

// CopyToPath would unpack a part of an artifact, which only `spec.include` asks for.
func (s *Storage) CopyToPath(*meta.Artifact, string, string) error {
	return errors.New("spec.include is not supported by this storage")
}

// Symlink makes a link beside the artifact's file and returns its URL.
func (s *Storage) Symlink(artifact meta.Artifact, name string) (string, error) {
	path := s.LocalPath(artifact)
	link := filepath.Join(filepath.Dir(path), name)
	if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if err := os.Symlink(path, link); err != nil {
		return "", err
	}
	return "http://" + s.host + "/" + filepath.ToSlash(filepath.Join(filepath.Dir(artifact.Path), name)), nil
}

// Remove removes the artifact's file.
func (s *Storage) Remove(artifact meta.Artifact) error {
	return os.Remove(s.LocalPath(artifact))
}

// RemoveAll removes everything of the artifact's object; returns the folder, or nothing where there was none.
func (s *Storage) RemoveAll(artifact meta.Artifact) (string, error) {
	folder := filepath.Dir(s.LocalPath(artifact))
	if _, err := os.Stat(folder); err != nil {
		return "", nil
	}
	return folder, os.RemoveAll(folder)
}

// GarbageCollect removes the files of artifacts that this one has replaced; returns their paths.
func (s *Storage) GarbageCollect(_ context.Context, artifact meta.Artifact, _ time.Duration) ([]string, error) {
	current := s.LocalPath(artifact)
	entries, err := os.ReadDir(filepath.Dir(current))
	if err != nil {
		return nil, err
	}
	var removed []string
	for _, entry := range entries {
		path := filepath.Join(filepath.Dir(current), entry.Name())
		if path == current || !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), ".partial-") {
			continue
		}
		if err := os.Remove(path); err != nil {
			return removed, err
		}
		removed = append(removed, path)
	}
	return removed, nil
}
