import { useId } from 'preact/hooks';
import { useDates } from '../texts/texts.ts';
import { useAdminTexts } from './texts.ts';

/** Counts over time of one kind. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

interface ChartProps {
  readonly title: string;
  readonly times: readonly string[];
  readonly series: readonly Series[];
}

const [WIDTH, HEIGHT, GAP] = [24, 100, 4];

/** Stacked bars, and the same numbers as a table. */
export function Chart({ title, times, series }: ChartProps) {
  const a = useAdminTexts();
  const date = useDates();
  const id = useId();
  const totals = times.map((_, index) => series.reduce((sum, { values }) => sum + values[index]!, 0));
  const most = Math.max(1, ...totals);
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p>
        {a.total(totals.reduce((sum, one) => sum + one, 0))} {a.mostInAnHour(Math.max(0, ...totals))}
      </p>
      <svg
        class="chart"
        viewBox={`0 0 ${times.length * WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {times.map((at, index) => {
          let top = HEIGHT;
          return series.map(({ name, values }, order) => {
            const height = (values[index]! / most) * HEIGHT;
            top -= height;
            const x = index * WIDTH + GAP / 2;
            return (
              <rect key={name} class={`bar-${order % 6}`} x={x} y={top} width={WIDTH - GAP} height={height}>
                <title>{`${date(at)}: ${name} ${values[index]}`}</title>
              </rect>
            );
          });
        })}
      </svg>
      {series.length > 1 && (
        <ul class="legend" aria-hidden="true">
          {series.map(({ name }, order) => (
            <li key={name}>
              <span class={`swatch bar-${order % 6}`} />
              {name}
            </li>
          ))}
        </ul>
      )}
      <details>
        <summary>{a.asTable}</summary>
        <div class="table">
          <table>
            <caption class="hidden">{title}</caption>
            <thead>
              <tr>
                <th scope="col">{a.time}</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((at, index) => (
                <tr key={at}>
                  <th scope="row">{date(at)}</th>
                  {series.map(({ name, values }) => (
                    <td key={name}>{values[index]}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
