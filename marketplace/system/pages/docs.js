"use strict";
// Signing in through the page authorizes it, and the refresh token of the last answer stands in for
// the placeholder of the refresh example, so that every example works as it is shown.
(() => {
  const PLACEHOLDER = "<refresh>";
  let refresh = null;
  const ui = SwaggerUIBundle({
    url: "/api/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    requestInterceptor: (request) => {
      if (refresh && typeof request.body === "string" && request.body.includes(PLACEHOLDER)) {
        request.body = request.body.replace(PLACEHOLDER, refresh);
      }
      return request;
    },
    responseInterceptor: (response) => {
      const body = response.obj || response.body;
      if (response.ok && body && body.access && body.refresh) {
        refresh = body.refresh;
        ui.preauthorizeApiKey("bearerAuth", body.access);
      }
      return response;
    },
  });
})();
