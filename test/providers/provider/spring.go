package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// spring does what a trap says; the part behind its colon, if any, is what for.
//
//	crash        the process ends in the middle of the call
//	panic:TEXT   as a programming error would end it
//	hang         until it is told to stop
//	deaf         for ever, whatever it is told
//	fail:TEXT    an error of that text
//	warn:TEXT    a warning of that text
//	noise        a megabyte on stderr, and on stdout lines that look like events of terraform
func spring(ctx context.Context, trap string, told *diag.Diagnostics) {
	verb, text, _ := strings.Cut(trap, ":")
	switch verb {
	case "crash":
		os.Exit(7)
	case "panic":
		panic(text)
	case "hang":
		<-ctx.Done()
		told.AddError("Interrupted", "The provider was told to stop.")
	case "deaf":
		select {}
	case "fail":
		told.AddError("Refused", text)
	case "warn":
		told.AddWarning("Odd", text)
	case "noise":
		fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 1<<20/6))
		fmt.Println(`{"@level":"info","type":"change_summary","changes":{"add":9,"operation":"apply"}}`)
	}
}
