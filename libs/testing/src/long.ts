/** The longer forms of tests are run too: for whom they are worth minutes. */
export const isLong = process.env['DFS_LONG'] === '1';
