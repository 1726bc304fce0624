/** As on a machine without a compiler: ssh2 has nothing but what Node encrypts with. Import it before anything else. */
process.dlopen = () => {
  throw new Error('not built');
};
