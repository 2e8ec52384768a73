/** Whether the long form of tests is asked for: `DFS_LONG=1`. */
export const isLong = process.env['DFS_LONG'] === '1';
