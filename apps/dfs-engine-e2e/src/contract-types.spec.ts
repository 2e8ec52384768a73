import type * as contracts from '@dfs/contracts';
import type * as document from '@dfs/client';

/**
 * The types that are generated from the API document against those in `contracts`, which engine and console compile with: field
 * by field the same. The compiler is the test; a difference is an error of types in this file.
 */
type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;
/** Without `readonly` and without names of types between. */
type Plain<T> = T extends readonly (infer U)[]
  ? Plain<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;

type DataOf<E extends { type: string; data: unknown }> = { [T in E['type']]: Extract<E, { type: T }>['data'] };

/** Of each name that both have. */
type Compared = {
  [K in keyof Pairs]: Same<Pairs[K][0], Pairs[K][1]>;
};
interface Pairs {
  /** Of each event, by its type. */
  EventMap: [contracts.EventMap, DataOf<document.AnyEvent>];
  BatchResults: [contracts.BatchResults, document.BatchResults];
  ChunkList: [contracts.ChunkList, document.ChunkList];
  ConnectRequest: [contracts.ConnectRequest, document.ConnectRequest];
  DhtInfo: [contracts.DhtInfo, document.DhtInfo];
  ErrorCode: [contracts.ErrorCode, document.ErrorCode];
  EventPage: [Omit<contracts.EventPage, 'items'>, Omit<document.EventPage, 'items'>];
  FileInfo: [contracts.FileInfo, document.FileInfo];
  FileList: [contracts.FileList, document.FileList];
  FoundContentList: [contracts.FoundContentList, document.FoundContentList];
  Health: [contracts.Health, document.Health];
  HolderList: [contracts.HolderList, document.HolderList];
  InviteInfo: [contracts.InviteInfo, document.InviteInfo];
  InviteRequest: [contracts.InviteRequest, document.InviteRequest];
  JoinRequest: [contracts.JoinRequest, document.JoinRequest];
  LookupRequest: [contracts.LookupRequest, document.LookupRequest];
  LookupResults: [contracts.LookupResults, document.LookupResults];
  MovedFile: [contracts.MovedFile, document.MovedFile];
  NetworkInfo: [contracts.NetworkInfo, document.NetworkInfo];
  NodeInfo: [contracts.NodeInfo, document.NodeInfo];
  OwnerVotes: [contracts.OwnerVotes, document.OwnerVotes];
  PeerInfo: [contracts.PeerInfo, document.PeerInfo];
  PeerList: [contracts.PeerList, document.PeerList];
  Problem: [contracts.Problem, document.Problem];
  ProviderList: [contracts.ProviderList, document.ProviderList];
  Settings: [contracts.Settings, document.Settings];
  TransferInfo: [contracts.TransferInfo, document.TransferInfo];
  TransferList: [contracts.TransferList, document.TransferList];
  UploadResults: [contracts.UploadResults, document.UploadResults];
  VersionList: [contracts.VersionList, document.VersionList];
  VoidVersionList: [contracts.VoidVersionList, document.VoidVersionList];
}

describe('the types of the API document', () => {
  it('are those of the contract', () => {
    // `false` where they differ: then the compiler refuses the value.
    const same: { [K in keyof Compared]: Compared[K] } & Record<keyof Pairs, true> = {
      ...{ EventMap: true, BatchResults: true, ChunkList: true, ConnectRequest: true, DhtInfo: true, ErrorCode: true },
      ...{ EventPage: true, FileInfo: true, FileList: true, FoundContentList: true, Health: true, HolderList: true },
      ...{ InviteInfo: true, InviteRequest: true, JoinRequest: true, LookupRequest: true, LookupResults: true },
      ...{ MovedFile: true, NetworkInfo: true, NodeInfo: true, OwnerVotes: true, PeerInfo: true, PeerList: true },
      ...{ Problem: true, ProviderList: true, Settings: true, TransferInfo: true, TransferList: true },
      ...{ UploadResults: true, VersionList: true, VoidVersionList: true },
    };
    expect(Object.values(same)).toEqual(Object.values(same).map(() => true));
  });
});
