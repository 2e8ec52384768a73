import { s3Guides, webdavGuides } from './fronts.js';

describe('guides to the drive', () => {
  const textOf = (base: string) => JSON.stringify(webdavGuides(base));

  it('have the address of the node, below its base path', () => {
    for (const { samples } of webdavGuides('https://files.example/its/own/')) {
      for (const { text } of samples) expect(text).toContain('https://files.example/its/own/dav/');
    }
    expect(textOf('https://files.example/')).toContain('davs://files.example/dav/');
    expect(textOf('http://192.168.1.20:3000/')).toContain('dav://192.168.1.20:3000/dav/');
    expect(textOf('http://192.168.1.20:3000/')).not.toContain('davs://');
  });

  it('say of plain HTTP what does not work there', () => {
    const warned = (base: string) => webdavGuides(base).flatMap(({ name, warning }) => (warning ? [name] : []));
    expect(warned('http://192.168.1.20:3000/')).toEqual(['Windows']);
    expect(warned('https://files.example/')).toEqual([]);
  });
});

describe('guides to the bucket', () => {
  it('have the address of the node, and say what a base path asks of a proxy', () => {
    const guides = s3Guides('https://files.example/');
    expect(guides.map(({ samples: [sample] }) => sample?.text)).toEqual([
      expect.stringContaining("--endpoint-url 'https://files.example/s3'"),
      expect.stringContaining("endpoint='https://files.example/s3'"),
      expect.stringContaining("-r 's3:https://files.example/dfs/backups'"),
    ]);
    expect(guides.map(({ warning }) => warning)).toEqual([null, null, null]);
    for (const { warning } of s3Guides('https://files.example/its/own/')) expect(warning).toMatch(/sign the path/);
  });
});
