// Package digest names the algorithm of artifacts' digests.
package digest

import (
	"fmt"

	"github.com/opencontainers/go-digest"
)

// Canonical is the algorithm in use.
var Canonical = digest.SHA256

// AlgorithmForName finds an algorithm by its name.
func AlgorithmForName(name string) (digest.Algorithm, error) {
	algorithm := digest.Algorithm(name)
	if !algorithm.Available() {
		return "", fmt.Errorf("unknown digest algorithm %q", name)
	}
	return algorithm, nil
}
