/** Starts the page: reads the document of this service, and speaks to this service only. */
/* global SwaggerUIBundle */

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#calls',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // A password typed here is forgotten with the page.
  persistAuthorization: false,
  // Both would ask servers elsewhere.
  validatorUrl: null,
  queryConfigEnabled: false,
  requestInterceptor: addCsrfToken,
});

/** After POST /sessions the browser has a session, whose requests need the token of the cookie `csrf`. */
function addCsrfToken(request) {
  const token = /(?:^|; )csrf=([^;]*)/.exec(document.cookie)?.[1];
  const { origin } = new URL(request.url, location.href);
  if (token && origin === location.origin) request.headers['X-Csrf-Token'] = decodeURIComponent(token);
  return request;
}
