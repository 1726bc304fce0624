/** The environment of the processes that tests start: nothing that would be a setting of a service. */

// The last one is the compiled code that all processes of a run share.
const kept = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LD_LIBRARY_PATH', 'NODE_COMPILE_CACHE'];

/** Gives what of this process's environment any program may have. */
export function bareEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.includes(name)));
}
