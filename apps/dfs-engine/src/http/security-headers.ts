import helmet from 'helmet';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** The policy of an API answer, or a stored file, in a browser: it may do nothing. */
const INERT = "default-src 'none'; frame-ancestors 'none'; sandbox";
const DOCS = /^\/api\/docs(\/|$)/i;
const API = /^\/(api|metrics|health|dav|s3)(\/|$)/i;

/** Security headers of every answer. The console may load its own parts and talk to its own node, nothing else. */
export function securityHeaders(): RequestHandler {
  const forPages = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'self'"],
        // `'self'` covers the WebSocket of the same host and port.
        connectSrc: ["'self'"],
        fontSrc: ["'self'", 'data:'],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        scriptSrc: ["'self'"],
        scriptSrcAttr: ["'none'"],
        // Angular and Swagger UI write their styles into the page.
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    },
    // Plain HTTP is what a node speaks on a LAN: these would only make browsers warn there.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
  return (request: Request, response: Response, next: NextFunction): void => {
    forPages(request, response, (error?: unknown) => {
      const inert = API.test(request.path) && !DOCS.test(request.path);
      if (inert) response.setHeader('Content-Security-Policy', INERT);
      next(error);
    });
  };
}
