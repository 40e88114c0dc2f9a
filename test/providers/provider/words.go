package main

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// words says a text as often as it is asked to: what a provider found may be long, and by anybody.
type words struct{}

type wordsModel struct {
	Say   types.String `tfsdk:"say"`
	Times types.Int64  `tfsdk:"times"`
	Said  types.String `tfsdk:"said"`
	By    types.String `tfsdk:"by"`
}

func (words) Metadata(_ context.Context, _ datasource.MetadataRequest, answer *datasource.MetadataResponse) {
	answer.TypeName = "trap_words"
}

func (words) Schema(_ context.Context, _ datasource.SchemaRequest, answer *datasource.SchemaResponse) {
	answer.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"say":   schema.StringAttribute{Required: true},
		"times": schema.Int64Attribute{Required: true},
		"said":  schema.StringAttribute{Computed: true},
		"by":    schema.StringAttribute{Computed: true, MarkdownDescription: "Version of this provider."},
	}}
}

func (words) Read(ctx context.Context, request datasource.ReadRequest, answer *datasource.ReadResponse) {
	var asked wordsModel
	answer.Diagnostics.Append(request.Config.Get(ctx, &asked)...)
	asked.Said = types.StringValue(strings.Repeat(asked.Say.ValueString(), int(asked.Times.ValueInt64())))
	asked.By = types.StringValue(version)
	answer.Diagnostics.Append(answer.State.Set(ctx, &asked)...)
}
