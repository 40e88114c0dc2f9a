// OpenTofu of one exact release, built from the Go module proxy with Go's own checksums (go.sum).
// `go install` refuses a module with replace directives, so this module carries OpenTofu's one.
module platform-ops.invalid/opentofu

go 1.25.5

require github.com/opentofu/opentofu v1.11.0

replace github.com/hashicorp/hcl/v2 => github.com/opentofu/hcl/v2 v2.20.2-0.20251021132045-587d123c2828
