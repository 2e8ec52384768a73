import { Controller, Delete, Get, HttpCode, Param, Query, Req } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiSchema, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import type { Request } from 'express';
import { routes, type SessionInfo, type SessionList } from '@dfs/contracts';
import { FIELD, NoQuery, Problems } from '@dfs/files';
import { Access } from '../access/access.js';

const SESSION_ID = /^[A-Za-z0-9_-]{22}$/;
const id = { type: 'string', pattern: SESSION_ID.source } as const;

/** Which session. */
export class SessionParams {
  @ApiProperty({ ...id, description: 'Id of the session, as GET /sessions tells it.' })
  @Matches(SESSION_ID, { message: 'is not the id of a session, as GET /sessions tells them' })
  id!: string;
}

/** One browser that is signed in. */
@ApiSchema({ name: 'SessionInfo' })
export class SessionDto implements SessionInfo {
  @ApiProperty(id) id!: string;
  @ApiProperty({ ...FIELD.text, description: 'How the browser called itself.' }) agent!: string;
  @ApiProperty({ ...FIELD.flag, description: 'It is the one that asks.' }) current!: boolean;
  @ApiProperty(FIELD.moment) createdAt!: string;
  @ApiProperty(FIELD.moment) lastUsedAt!: string;
  @ApiProperty(FIELD.moment) expiresAt!: string;
}

/** All browsers that are signed in. */
@ApiSchema({ name: 'SessionList' })
export class SessionListDto implements SessionList {
  @ApiProperty({ type: [SessionDto] }) items!: SessionDto[];
}

/** Browsers that are signed in to this node: listed, and signed out from elsewhere. */
@ApiTags('session')
@Controller(routes.sessions)
export class SessionsController {
  constructor(private readonly access: Access) {}

  @Get()
  @ApiOperation({ operationId: 'listSessions', summary: 'Browsers that are signed in' })
  @Problems('forbidden')
  @ApiOkResponse({ type: SessionListDto, description: 'Newest first.' })
  list(@Query() _query: NoQuery, @Req() request: Request): SessionList {
    const { sessions } = this.access;
    return { items: sessions.list(this.access.sessionsOf(request.headers)) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'endSession', summary: 'Sign a browser out, with its sockets and transfers' })
  @Problems('session-not-found')
  @ApiNoContentResponse()
  end(@Param() { id }: SessionParams, @Query() _query: NoQuery): Promise<void> {
    return this.access.sessions.endById(id);
  }
}
