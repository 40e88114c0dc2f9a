// A provider that does what providers do when they go wrong. `npm run test:providers` builds it, twice, with two version numbers.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// version is set by the linker.
var version = "0.0.0"

type trap struct{}

func (trap) Metadata(_ context.Context, _ provider.MetadataRequest, answer *provider.MetadataResponse) {
	answer.TypeName = "trap"
	answer.Version = version
}

func (trap) Schema(_ context.Context, _ provider.SchemaRequest, answer *provider.SchemaResponse) {
	answer.Schema = schema.Schema{}
}

func (trap) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (trap) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return note{} },
		func() resource.Resource { return secret{} },
	}
}

func (trap) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return words{} }}
}

func (trap) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{func() ephemeral.EphemeralResource { return token{} }}
}

func main() {
	options := providerserver.ServeOpts{Address: "example.com/test/trap"}
	if err := providerserver.Serve(context.Background(), func() provider.Provider { return trap{} }, options); err != nil {
		log.Fatal(err)
	}
}
