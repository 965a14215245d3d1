/** `--reporter R [--output FILE]`, in pairs: which reports to write, and where. */
import { type Command, Option } from 'commander';
import { OracleError } from '../core/errors.ts';
import type { ReporterName } from '../report/index.ts';
import type { Report, ReportOptions } from '../report/reporter.ts';
import { type Io, wantsColor } from './io.ts';
import { pageAssets } from './page-assets.ts';
import { packageVersion } from './version.ts';
import { appendFile, writeFile } from './write-file.ts';

/** The names of report/index.ts, which is loaded only when there is something to report. */
const NAMES = Object.keys({
  text: true,
  json: true,
  junit: true,
  tap: true,
  github: true,
  sarif: true,
  html: true,
} satisfies Record<ReporterName, true>) as ReporterName[];

interface Target {
  readonly reporter: ReporterName;
  readonly file: string | null;
}

/** Gathers the pairs in the order of the command line: an --output belongs to the --reporter before it. */
export class Targets {
  readonly #targets: Target[] = [];

  /** Adds both options to a command. */
  addOptions(command: Command): void {
    command
      .addOption(
        new Option('--reporter <name>', `report to write, repeatable: ${NAMES.join(', ')}`).argParser(
          (name) => this.#addReporter(name),
        ),
      )
      .addOption(
        new Option(
          '--output <file>',
          'file for the report named before it (default: standard output)',
        ).argParser((file) => this.#setFile(file)),
      );
  }

  #addReporter(name: string): void {
    const reporter = NAMES.find((known) => known === name);
    if (reporter === undefined)
      throw usage('--reporter', `no reporter "${name}"; there are ${NAMES.join(', ')}`);
    this.#targets.push({ reporter, file: null });
  }

  #setFile(file: string): void {
    const { reporter, file: taken } = this.#targets.pop() ?? { reporter: 'text', file: null };
    if (taken !== null) throw usage(`--output ${file}`, 'put a --reporter before each --output');
    this.#targets.push({ reporter, file });
  }

  /** Whether a report is asked for that shows cases step by step. */
  get wantsSteps(): boolean {
    return this.#targets.some(({ reporter }) => reporter === 'html');
  }

  /** Throws a `usage` error if two reports go to the same place, an `engine` error if one can't be made. */
  check(): void {
    if (this.wantsSteps) pageAssets();
    const places = this.#targets.map(({ file }) => file);
    const twice = places.find((file, i) => places.indexOf(file) !== i);
    if (twice === undefined) return;
    const where = twice === null ? 'standard output' : twice;
    throw usage('--reporter', `two reports go to ${where}; give each another --output FILE`);
  }

  /**
   * Writes all reports; the text report to standard output if none was asked for. With the one for GitHub goes a
   * section of the page that GitHub shows for the job, where it says which file that is.
   */
  async write(report: Report, io: Io): Promise<void> {
    const version = packageVersion();
    const page = this.wantsSteps ? { page: pageAssets() } : {};
    const targets = this.#targets.length === 0 ? [{ reporter: 'text', file: null } as const] : this.#targets;
    for (const { reporter, file } of targets) {
      const options = { color: file === null && wantsColor(io), version, ...page };
      const text = await written(reporter, report, options);
      if (file === null) io.stdout(text);
      else writeFile(file, text);
    }
    const { GITHUB_STEP_SUMMARY: summary = '' } = io.env;
    if (summary === '' || targets.every(({ reporter }) => reporter !== 'github')) return;
    const { findingsOf } = await import('../report/findings.ts');
    const { githubSummary } = await import('../report/github-summary.ts');
    appendFile(summary, githubSummary(findingsOf(report)));
  }
}

const usage = (where: string, why: string): OracleError =>
  new OracleError('usage', { what: 'usage', where, why });

/** What most runs want, cases as text, does not take all other reporters along. */
async function written(name: ReporterName, report: Report, options: ReportOptions): Promise<string> {
  if (name === 'text' && report.kind === 'cases') {
    const { textReport } = await import('../report/text.ts');
    return textReport(report, options);
  }
  const { REPORTERS } = await import('../report/index.ts');
  return REPORTERS[name](report, options);
}
