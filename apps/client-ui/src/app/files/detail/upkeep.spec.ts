import { render, screen } from '@testing-library/angular';
import { fireEvent } from '@testing-library/dom';
import { routes, type FileInfo, type VerifyResult } from '@dfs/contracts';
import { FakeNode, file } from '../../../testing/fake-node.js';
import { Upkeep } from './upkeep.js';

describe('Upkeep', () => {
  const info = file('a.bin');
  let fake: FakeNode;
  const show = async (shown: FileInfo = info) => {
    fake = new FakeNode();
    const repaired: unknown[] = [];
    await render(Upkeep, {
      providers: fake.providers,
      inputs: { file: shown },
      on: { repaired: () => repaired.push(1) },
    });
    return repaired;
  };
  const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name });

  it('says that the bytes are read, and what was found', async () => {
    await show();
    fireEvent.click(button('Check the bytes here'));
    expect(await screen.findByText(/being read/)).toBeTruthy();
    expect(button('Repair').disabled).toBe(true);
    const result: VerifyResult = { chunks: 12, here: 11, bytes: 11_000_000, damaged: 1 };
    await fake.answerSoon('POST', routes.fileVerify(info.id), result);
    expect(await screen.findByText(/Sound on this node: 11 of 12 chunks, 11 MB\. 1 chunk damaged/)).toBeTruthy();
  });

  it('has the node repair, and says why it could not', async () => {
    const repaired = await show();
    fireEvent.click(button('Repair'));
    await fake.answerSoon('POST', routes.fileRepair(info.id), info, 202);
    expect(await screen.findByText(/does what it can/)).toBeTruthy();
    expect(repaired).toHaveLength(1);
    fireEvent.click(button('Repair'));
    await fake.answerSoon(
      'POST',
      routes.fileRepair(info.id),
      { code: 'not-ready', detail: 'Starting.', status: 503 },
      503,
    );
    expect(await screen.findByText('Starting.')).toBeTruthy();
  });

  it('checks nothing where nothing is here', async () => {
    await show(file('a.bin', { local: 'none' }));
    expect(button('Check the bytes here').disabled).toBe(true);
  });
});
