/** The page's script: draws the report that stands in the document. */
import { render } from 'preact';
import { App } from './app.tsx';
import { readReport } from './document-data.ts';

const root = document.getElementById('app');
if (root !== null) render(<App report={readReport()} />, root);
