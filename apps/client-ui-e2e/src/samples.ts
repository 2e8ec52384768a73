import { seededRandom } from '@dfs/testing';
import type { Page } from 'playwright-core';
import { frameOf, webm } from './webm.js';

/** Pictures that a browser has made: noise, so that none is small, as lossy WebP. */
export async function noise(page: Page, count: number, width: number, height: number): Promise<Buffer[]> {
  const made = await page.evaluate(
    async ([n, wide, high]) => {
      const canvas = document.createElement('canvas');
      canvas.width = wide;
      canvas.height = high;
      const context = canvas.getContext('2d', { alpha: false }) as CanvasRenderingContext2D;
      const texts: string[] = [];
      for (let i = 0; i < n; i++) {
        const picture = context.createImageData(wide, high);
        const words = new Uint32Array(picture.data.buffer);
        for (let at = 0; at < words.length; at++) words[at] = 0xff000000 | (Math.random() * 0xffffff);
        context.putImageData(picture, 0, 0);
        texts.push(canvas.toDataURL('image/webp', 0.9));
      }
      return texts;
    },
    [count, width, height] as const,
  );
  return made.map((text) => Buffer.from(text.slice(text.indexOf(',') + 1), 'base64'));
}

/** A film that plays for so many seconds, of at least so many bytes. */
export async function film(page: Page, seconds: number, bytes: number): Promise<Buffer> {
  const [width, height, framesPerSecond] = [640, 360, 20];
  const pictures = (await noise(page, 12, width, height)).map(frameOf);
  const random = seededRandom(20);
  const frames = Array.from({ length: seconds * framesPerSecond }, () => random.pick(pictures));
  const made = webm({ width, height, framesPerSecond, frames });
  if (made.length < bytes) throw new Error(`the film has ${made.length} bytes`);
  return made;
}

/** A tone of one second after the other, as WAV of 16 bits and 44,100 Hz in two channels: 176,400 bytes a second. */
export function sound(seconds: number): Buffer {
  const [rate, channels] = [44_100, 2];
  const bytes = seconds * rate * channels * 2;
  const wav = Buffer.alloc(44 + bytes);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + bytes, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(channels, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * channels * 2, 28);
  wav.writeUInt16LE(channels * 2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(bytes, 40);
  const samples = new Int16Array(wav.buffer, wav.byteOffset + 44, bytes / 2);
  for (let at = 0; at < samples.length; at++) samples[at] = 8000 * Math.sin(at / (20 + Math.floor(at / rate)));
  return wav;
}

/** Numbered, so that no part is as another: at least so many bytes. */
export function lines(text: string, bytes: number): string {
  const each = `${text} 00000000\n`.length;
  const count = Math.ceil(bytes / each);
  return Array.from({ length: count }, (_, n) => `${text} ${String(n).padStart(8, '0')}\n`).join('');
}

/** One page that says something, in a document of so many bytes. */
export function pdf(text: string, bytes: number): Buffer {
  const drawn = `BT /F1 24 Tf 72 720 Td (${text}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let made = `%PDF-1.4\n${lines('% line', bytes)}`;
  const places = objects.map((object, n) => {
    const at = made.length;
    made += `${n + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  const table = made.length;
  made += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join('')}`;
  made += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return Buffer.from(made, 'latin1');
}
