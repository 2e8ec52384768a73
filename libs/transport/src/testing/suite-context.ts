import { randomBytes } from 'node:crypto';
import type { ErrorCode } from '@dfs/contracts';
import { DfsError, type Clock } from '@dfs/runtime';
import { signerFromRaw } from '@dfs/protocol';
import type { Gate, ProtocolHandler, Transport } from '../transport.js';

/** A new identity for a node of a spec. */
export interface TestIdentity {
  readonly peerId: string;
  readonly privateKeyRaw: Uint8Array;
}

export function testIdentity(): TestIdentity {
  const privateKeyRaw = randomBytes(32);
  return { peerId: signerFromRaw(privateKeyRaw).peerId, privateKeyRaw };
}

/** Makes the nodes of one test; all are stopped after it. */
export interface TransportForm {
  node(identity: TestIdentity): Promise<Transport>;
  close(): Promise<void>;
  /** Sets the clock of all its nodes ahead. */
  readonly ahead: (milliseconds: number) => void;
}

/** A gate by list. */
export class ListGate implements Gate {
  readonly members = new Set<string>();
  open = false;

  constructor(...members: string[]) {
    for (const member of members) this.members.add(member);
  }

  isMember(peerId: string): boolean {
    return this.members.has(peerId);
  }

  acceptsStrangers(): boolean {
    return this.open;
  }
}

export const ECHO = '/dfs/test-echo/1';
export const JOIN = '/dfs/test-join/1';

export const echo: ProtocolHandler = async (channel) => {
  for await (const { header, payload } of channel.frames()) await channel.send(header, payload);
};

/** The parts that the tests of one form of Transport share; another network for each. */
export interface SuiteContext {
  form: TransportForm;
  gate: ListGate;
  /** Nodes that are members to each other. */
  members(): Promise<[Transport, Transport, Transport]>;
  member(): Promise<Transport>;
  /** Two, connected; the second answers to ECHO. */
  pair(): Promise<[Transport, Transport]>;
  connectedTo(node: Transport): string[];
}

/** Registers what makes them. `start` is called once a test. */
export function suiteContext(start: () => Promise<TransportForm>): SuiteContext {
  beforeEach(async () => {
    context.form = await start();
    context.gate = new ListGate();
  });
  afterEach(() => context.form.close());

  /** Nodes that are members to each other. */
  async function members(): Promise<[Transport, Transport, Transport]> {
    return [await member(), await member(), await member()];
  }
  async function member(): Promise<Transport> {
    const identity = testIdentity();
    context.gate.members.add(identity.peerId);
    const node = await context.form.node(identity);
    node.setGate(context.gate);
    return node;
  }
  async function pair(): Promise<[Transport, Transport]> {
    const [a, b] = [await member(), await member()];
    b.handle(ECHO, echo);
    await a.dialPeer(b.peerId, b.addresses());
    return [a, b];
  }
  const connectedTo = (node: Transport): string[] => node.connections().map(({ peerId }) => peerId);
  const context = { members, member, pair, connectedTo } as SuiteContext;
  return context;
}

/** The error of what fails, which has this code. */
export async function code(failing: Promise<unknown>, expected: ErrorCode): Promise<DfsError> {
  try {
    await failing;
  } catch (error) {
    expect(error).toBeInstanceOf(DfsError);
    expect({ code: (error as DfsError).code, message: (error as DfsError).message }).toMatchObject({ code: expected });
    return error as DfsError;
  }
  throw new Error(`expected ${expected}, but it worked`);
}

/** The clock of the machine, which can be set ahead. */
export function aheadClock(): Clock & Pick<TransportForm, 'ahead'> {
  let ahead = 0;
  return { now: () => Date.now() + ahead, ahead: (milliseconds) => void (ahead += milliseconds) };
}
