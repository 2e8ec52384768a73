import { Body, Controller, Delete, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiProperty, ApiTags, ApiSchema } from '@nestjs/swagger';
import { IsString, MaxLength, MinLength } from 'class-validator';
import type { Request, Response } from 'express';
import { routes, type SessionRequest } from '@dfs/contracts';
import { FIELD, NoQuery, Problems, answerHeaders } from '@dfs/files';
import { Access } from '../access/access.js';

const MAX_TOKEN_LENGTH = 512;

/** Body of `POST /session`. */
@ApiSchema({ name: 'SessionRequest' })
export class SessionBody implements SessionRequest {
  @ApiProperty({ ...FIELD.text, minLength: 1, maxLength: MAX_TOKEN_LENGTH, description: 'The token of this node.' })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_TOKEN_LENGTH)
  token!: string;
}

/** Route `/session`: signing in trades the token for a cookie, so that no script of the console keeps it. */
@ApiTags('session')
@Controller(routes.session)
export class SessionController {
  constructor(private readonly access: Access) {}

  @Post()
  @HttpCode(204)
  @ApiOperation({ operationId: 'signIn', summary: 'Trade the token for a cookie', security: [] })
  @Problems('unauthorized', 'origin-refused')
  @ApiNoContentResponse({ description: 'The cookie is set.', headers: answerHeaders('Set-Cookie') })
  async signIn(
    @Query() _query: NoQuery,
    @Body() { token }: SessionBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    const cookie = await this.access.signIn(token, request);
    response.setHeader('Set-Cookie', cookie);
    response.setHeader('Cache-Control', 'no-store');
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ operationId: 'signOut', summary: 'End the session' })
  @Problems()
  @ApiNoContentResponse({ description: 'The cookie is taken back.', headers: answerHeaders('Set-Cookie') })
  async signOut(
    @Query() _query: NoQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    response.setHeader('Set-Cookie', await this.access.signOut(request));
  }
}
