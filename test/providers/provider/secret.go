package main

import (
	"context"
	"crypto/rand"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	ephemeralschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// secret is a word that only its making knows, and that may be blurted out by the failure of the very same call.
type secret struct{}

type secretModel struct {
	Value types.String `tfsdk:"value"`
	Blurt types.Bool   `tfsdk:"blurt"`
}

func (secret) Metadata(_ context.Context, _ resource.MetadataRequest, answer *resource.MetadataResponse) {
	answer.TypeName = "trap_secret"
}

func (secret) Schema(_ context.Context, _ resource.SchemaRequest, answer *resource.SchemaResponse) {
	answer.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"value": schema.StringAttribute{Computed: true, Sensitive: true},
		"blurt": schema.BoolAttribute{Optional: true},
	}}
}

func (secret) Create(ctx context.Context, request resource.CreateRequest, answer *resource.CreateResponse) {
	var made secretModel
	answer.Diagnostics.Append(request.Plan.Get(ctx, &made)...)
	made.Value = types.StringValue("SECRET-" + rand.Text())
	answer.Diagnostics.Append(answer.State.Set(ctx, &made)...)
	if made.Blurt.ValueBool() {
		answer.Diagnostics.AddError("The secret was not accepted", "It is "+made.Value.ValueString()+".")
	}
}

func (secret) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (secret) Update(ctx context.Context, request resource.UpdateRequest, answer *resource.UpdateResponse) {
	answer.Diagnostics.Append(request.State.Get(ctx, &secretModel{})...)
}

func (secret) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// token is a secret that nothing may keep.
type token struct{}

func (token) Metadata(_ context.Context, _ ephemeral.MetadataRequest, answer *ephemeral.MetadataResponse) {
	answer.TypeName = "trap_token"
}

func (token) Schema(_ context.Context, _ ephemeral.SchemaRequest, answer *ephemeral.SchemaResponse) {
	answer.Schema = ephemeralschema.Schema{Attributes: map[string]ephemeralschema.Attribute{
		"value": ephemeralschema.StringAttribute{Computed: true},
	}}
}

func (token) Open(ctx context.Context, _ ephemeral.OpenRequest, answer *ephemeral.OpenResponse) {
	made := struct {
		Value types.String `tfsdk:"value"`
	}{types.StringValue("EPHEMERAL-" + rand.Text())}
	answer.Diagnostics.Append(answer.Result.Set(ctx, &made)...)
}
