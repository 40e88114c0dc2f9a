package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// note is a text that is kept in a file, and what may go wrong with it. Beside the file stands a log of what was really done to it.
type note struct{}

type noteModel struct {
	ID       types.String `tfsdk:"id"`
	Path     types.String `tfsdk:"path"`
	Text     types.String `tfsdk:"text"`
	Password types.String `tfsdk:"password_wo"`
	Lie      types.Bool   `tfsdk:"lie"`
	OnPlan   types.String `tfsdk:"on_plan"`
	OnCreate types.String `tfsdk:"on_create"`
	OnRead   types.String `tfsdk:"on_read"`
	OnUpdate types.String `tfsdk:"on_update"`
	OnDelete types.String `tfsdk:"on_delete"`
}

func (note) Metadata(_ context.Context, _ resource.MetadataRequest, answer *resource.MetadataResponse) {
	answer.TypeName = "trap_note"
}

func (note) Schema(_ context.Context, _ resource.SchemaRequest, answer *resource.SchemaResponse) {
	known := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	moved := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	answer.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id":          schema.StringAttribute{Computed: true, PlanModifiers: known},
		"path":        schema.StringAttribute{Required: true, PlanModifiers: moved},
		"text":        schema.StringAttribute{Required: true},
		"password_wo": schema.StringAttribute{Optional: true, WriteOnly: true, MarkdownDescription: "Traps may say it as PASSWORD."},
		"lie":         schema.BoolAttribute{Optional: true, MarkdownDescription: "Another text is kept than the planned one."},
		"on_plan":     schema.StringAttribute{Optional: true},
		"on_create":   schema.StringAttribute{Optional: true},
		"on_read":     schema.StringAttribute{Optional: true},
		"on_update":   schema.StringAttribute{Optional: true},
		"on_delete":   schema.StringAttribute{Optional: true},
	}}
}

func (note) ModifyPlan(ctx context.Context, request resource.ModifyPlanRequest, answer *resource.ModifyPlanResponse) {
	if request.Plan.Raw.IsNull() {
		return
	}
	var planned, given noteModel
	answer.Diagnostics.Append(request.Plan.Get(ctx, &planned)...)
	answer.Diagnostics.Append(request.Config.Get(ctx, &given)...)
	if !planned.OnPlan.IsNull() {
		planned.log("plan")
	}
	spring(ctx, planned.trap(planned.OnPlan, given), &answer.Diagnostics)
}

func (note) Create(ctx context.Context, request resource.CreateRequest, answer *resource.CreateResponse) {
	var made, given noteModel
	answer.Diagnostics.Append(request.Plan.Get(ctx, &made)...)
	answer.Diagnostics.Append(request.Config.Get(ctx, &given)...)
	made.log("create")
	spring(ctx, made.trap(made.OnCreate, given), &answer.Diagnostics)
	made.ID = types.StringValue("note at " + made.Path.ValueString())
	if made.Lie.ValueBool() {
		made.Text = types.StringValue("another text")
	}
	if made.keep(&answer.Diagnostics) {
		answer.Diagnostics.Append(answer.State.Set(ctx, &made)...)
	}
}

func (note) Read(ctx context.Context, request resource.ReadRequest, answer *resource.ReadResponse) {
	var seen noteModel
	answer.Diagnostics.Append(request.State.Get(ctx, &seen)...)
	spring(ctx, seen.OnRead.ValueString(), &answer.Diagnostics)
	text, err := os.ReadFile(seen.Path.ValueString())
	if errors.Is(err, fs.ErrNotExist) {
		answer.State.RemoveResource(ctx)
		return
	}
	seen.Text = types.StringValue(string(text))
	answer.Diagnostics.Append(answer.State.Set(ctx, &seen)...)
}

func (note) Update(ctx context.Context, request resource.UpdateRequest, answer *resource.UpdateResponse) {
	var made, given noteModel
	answer.Diagnostics.Append(request.Plan.Get(ctx, &made)...)
	answer.Diagnostics.Append(request.Config.Get(ctx, &given)...)
	made.log("update")
	spring(ctx, made.trap(made.OnUpdate, given), &answer.Diagnostics)
	if made.keep(&answer.Diagnostics) {
		answer.Diagnostics.Append(answer.State.Set(ctx, &made)...)
	}
}

func (note) Delete(ctx context.Context, request resource.DeleteRequest, answer *resource.DeleteResponse) {
	var gone noteModel
	answer.Diagnostics.Append(request.State.Get(ctx, &gone)...)
	gone.log("delete")
	spring(ctx, gone.OnDelete.ValueString(), &answer.Diagnostics)
	if !answer.Diagnostics.HasError() {
		os.Remove(gone.Path.ValueString())
	}
}

// trap is the attribute's text with the password that the configuration gives, which no plan and no state holds.
func (model noteModel) trap(attribute types.String, given noteModel) string {
	return strings.ReplaceAll(attribute.ValueString(), "PASSWORD", given.Password.ValueString())
}

// keep writes the text unless something went wrong before, and says whether it is there.
func (model *noteModel) keep(told *diag.Diagnostics) bool {
	model.Password = types.StringNull()
	if told.HasError() {
		return false
	}
	if err := os.WriteFile(model.Path.ValueString(), []byte(model.Text.ValueString()), 0o600); err != nil {
		told.AddError("Not kept", err.Error())
		return false
	}
	model.log("kept")
	return true
}

func (model noteModel) log(what string) {
	file, err := os.OpenFile(model.Path.ValueString()+".log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		fmt.Fprintln(file, what)
		file.Close()
	}
}
