import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import { requireVersion, TUS_VERSION } from './tus-headers.js';

/** Lets in requests that speak our version of tus; every answer to them says which that is. */
@Injectable()
export class TusGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const response = http.getResponse<Response>();
    response.setHeader('Tus-Resumable', TUS_VERSION);
    response.setHeader('Tus-Version', TUS_VERSION);
    response.setHeader('Cache-Control', 'no-store');
    requireVersion(http.getRequest<Request>().headers);
    return true;
  }
}
