/** What was covered: calls by arity, kind of callee and the caller's own stack arguments; opcodes by operands. */
import type { PageCoverage, PageForm, PageGrid } from '../page-data.ts';
import { Scroll } from './scroll.tsx';

export function CoveragePage({ coverage }: { readonly coverage: PageCoverage }) {
  const forms = coverage.opcodes.flatMap(({ rows }) => rows.flatMap(([, cells]) => cells)).filter(isForm);
  const seen = forms.filter(([count]) => count > 0).length;
  const cells = coverage.calls.rows.flat().filter((count) => count !== null);
  const made = cells.filter((count) => count > 0).length;
  return (
    <article class="coverage">
      <h1>Coverage</h1>
      <div>
        <h2 id="calls">
          Calls{' '}
          <small>
            {made} of {cells.length} kinds made
          </small>
        </h2>
        <p>
          Number of calls made, by arguments and by kind of callee. The calling function itself receives stack
          arguments, passes some, both or neither.
        </p>
        <CallGrid {...coverage.calls} />
      </div>
      <div>
        <h2 id="opcodes">
          Instructions{' '}
          <small>
            {seen} of {forms.length} forms seen
          </small>
        </h2>
        <p>
          Of each form, how many of the values its operands can have were seen: registers by number,
          immediates and offsets by size and sign. <b class="all">all</b> is all of them.
        </p>
        <Scroll labelledBy="opcodes" class="grids">
          {coverage.opcodes.map((grid) => (
            <OpcodeGrid key={grid.columns.join()} {...grid} />
          ))}
        </Scroll>
      </div>
      <p class="key">
        <span class="cell hole">·</span> never
        {SHADES.map((shade) => (
          <span key={shade} class={`cell shade-${shade}`} />
        ))}
        seldom to often, or few values to all
      </p>
    </article>
  );
}

const SHADES = [1, 2, 3, 4] as const;

const isForm = (form: PageForm | null): form is PageForm => form !== null;

function CallGrid({ columns, rows }: PageCoverage['calls']) {
  const callees = [...new Set(columns.map(([callee]) => callee))];
  const most = Math.max(...rows.flat().map((count) => count ?? 0));
  return (
    <Scroll labelledBy="calls">
      <table class="grid calls">
        <thead>
          <tr>
            <td />
            {callees.map((callee) => (
              <th key={callee} scope="colgroup" colSpan={columns.filter(([of]) => of === callee).length}>
                {callee}
              </th>
            ))}
          </tr>
          <tr>
            <th scope="col">args</th>
            {columns.map(([callee, caller]) => (
              <th key={callee + caller} scope="col" class={caller === columns[0]?.[1] ? 'first' : ''}>
                {caller}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((counts, args) => (
            <tr key={args}>
              <th scope="row">{args}</th>
              {counts.map((count, i) => (
                <CallCell key={i} count={count} most={most} isFirst={columns[i]?.[1] === columns[0]?.[1]} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface CallCellProps {
  readonly count: number | null;
  readonly most: number;
  readonly isFirst: boolean;
}

function CallCell({ count, most, isFirst }: CallCellProps) {
  const first = isFirst ? ' first' : '';
  if (count === null) return <td class={`none${first}`} />;
  if (count === 0) return <Hole also={first} />;
  const shade = Math.ceil((SHADES.length * Math.log1p(count)) / Math.log1p(most));
  return <td class={`shade-${shade}${first}`}>{count.toLocaleString('en')}</td>;
}

function Hole({ also = '' }: { readonly also?: string }) {
  return (
    <td class={`hole${also}`}>
      <span aria-hidden="true">·</span>
      <span class="unseen">never</span>
    </td>
  );
}

function OpcodeGrid({ columns, rows }: PageGrid) {
  return (
    <table class="grid opcodes">
      <thead>
        <tr>
          <th scope="col">form</th>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column === '' ? 'seen' : column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, cells]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {cells.map((form, i) => (
              <FormCell key={columns[i]} form={form} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function FormCell({ form }: { readonly form: PageForm | null }) {
  if (form === null) return <td class="none" />;
  const [count, seen, possible, missing] = form;
  if (count === 0) return <Hole />;
  const shade = seen === possible ? SHADES.length : Math.max(1, Math.ceil((3 * seen) / possible));
  const times = `${count.toLocaleString('en')} times`;
  return (
    <td class={`shade-${shade}`} title={missing === '' ? times : `${times}; never ${missing}`}>
      {seen === possible ? <b class="all">all</b> : `${seen}/${possible}`}
    </td>
  );
}
