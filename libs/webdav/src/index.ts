/**
 * The front of WebDAV, class 1 and 2 (RFC 4918), below `/dav`: the files of the network as a drive of the operating system.
 * Guarantees: an upload and a download are those of `files`; a folder is copied, moved and deleted as one act; a list of any
 * length is sent page by page; a lock binds all clients of WebDAV of this node.
 * Does not: know who asks, but by the caller of `files`; bind other ways to the files, or other nodes, by its locks, which are in
 * memory. Units: bytes; times are HTTP dates outside, milliseconds inside.
 */
export { DAV_ROOT, isDavPath } from './http/address.js';
export { davProblem, davStatus } from './http/dav-error.js';
export { WebDavModule } from './webdav.module.js';
export { WebDav, type WebDavComponents } from './webdav.js';
