import PDFDocument from 'pdfkit';

export interface PdfOptions {
  title?: string;
  password?: string;
  /** Runs before the text of each page. */
  decorate?: (document: PDFKit.PDFDocument, page: number) => void;
}

/** A real PDF, with a page for each list of paragraphs. */
export async function makePdf(pages: readonly (readonly string[])[], options: PdfOptions = {}): Promise<Buffer> {
  const document = new PDFDocument({
    autoFirstPage: false,
    margin: 72,
    info: options.title === undefined ? {} : { Title: options.title },
    ...(options.password === undefined ? {} : { userPassword: options.password, ownerPassword: 'owner' }),
  });
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => document.on('end', resolve));
  for (const [index, paragraphs] of pages.entries()) {
    document.addPage();
    options.decorate?.(document, index + 1);
    for (const paragraph of paragraphs) document.fontSize(11).text(paragraph).moveDown();
  }
  document.end();
  await ended;
  return Buffer.concat(chunks);
}
