// Shows the merged document and asks nothing of any other host.
Scalar.createApiReference("#reference", {
    url: "/openapi.json",
    proxyUrl: "",
    telemetry: false,
    withDefaultFonts: false,
    hideClientButton: true,
    showDeveloperTools: "never",
    agent: { disabled: true },
    mcp: { disabled: true },
    defaultOpenAllTags: false,
    authentication: { preferredSecurityScheme: "bearer" },
});
