/** As much of autocannon as the bench uses; the package brings no types. */
declare module 'autocannon' {
  namespace autocannon {
    interface Request {
      readonly method: 'GET';
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
    }
    interface Options {
      readonly url: string;
      readonly connections: number;
      readonly duration: number;
      readonly setupClient: (client: { setRequests(requests: readonly Request[]): void }) => void;
    }
    interface Result {
      readonly '2xx': number;
      readonly non2xx: number;
      readonly errors: number;
      readonly duration: number;
      readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
    }
  }
  function autocannon(options: autocannon.Options): Promise<autocannon.Result>;
  export = autocannon;
}
