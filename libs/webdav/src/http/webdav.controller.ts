import { All, Controller, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { StreamedBody } from '@dfs/files';
import { WebDav } from '../webdav.js';

/** Every method below `/dav`: WebDAV has its own, for which there are no decorators of routes. */
@ApiExcludeController()
@Controller()
export class WebDavController {
  constructor(private readonly webdav: WebDav) {}

  @All(['dav', 'dav/*path'])
  @StreamedBody()
  handle(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.webdav.handle(request, response);
  }
}
