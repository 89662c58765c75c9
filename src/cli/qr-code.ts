// A QR code for the terminal, two rows of modules to a line.

/** Lines without a final line feed. With colours it is dark on light as scanners like it, else the terminal decides. */
export async function qrCode(text: string, colors: boolean): Promise<readonly string[]> {
  const { encode } = await import('uqr');
  const { data, size } = encode(text, { ecc: 'L', border: 2 });
  // Without colours the light modules are drawn, which is right on a dark terminal.
  const isDrawn = (row: number, column: number) => (data[row]?.[column] ?? false) === colors;
  const lines = Array.from({ length: Math.ceil(size / 2) }, (_line, index) =>
    Array.from({ length: size }, (_column, column) =>
      halfBlock(isDrawn(index * 2, column), isDrawn(index * 2 + 1, column)),
    ).join(''),
  );
  return colors ? lines.map((line) => `\u001b[30;107m${line}\u001b[0m`) : lines;
}

function halfBlock(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '█' : '▀';
  return lower ? '▄' : ' ';
}
