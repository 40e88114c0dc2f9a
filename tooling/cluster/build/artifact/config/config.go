// Package config holds the options of the artifact storage, as source-controller's flags name them.
package config

import (
	"time"

	"github.com/spf13/pflag"
)

// Options of the storage of artifacts and of the server that hands them out.
type Options struct {
	StoragePath              string
	StorageAddress           string
	StorageAdvAddress        string
	ArtifactDigestAlgo       string
	ArtifactRetentionTTL     time.Duration
	ArtifactRetentionRecords int
}

// BindFlags defines one flag per option.
func (o *Options) BindFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.StoragePath, "storage-path", "", "Folder of the artifacts.")
	flags.StringVar(&o.StorageAddress, "storage-addr", ":9090", "Address that the server of artifacts listens on.")
	flags.StringVar(&o.StorageAdvAddress, "storage-adv-addr", "", "Address that clients of the server are told.")
	flags.StringVar(&o.ArtifactDigestAlgo, "artifact-digest-algo", "sha256", "Algorithm of artifacts' digests.")
	flags.DurationVar(&o.ArtifactRetentionTTL, "artifact-retention-ttl", time.Minute, "How long replaced artifacts are kept.")
	flags.IntVar(&o.ArtifactRetentionRecords, "artifact-retention-records", 2, "How many replaced artifacts are kept.")
}
