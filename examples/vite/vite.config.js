export default {
  // The page works in any folder of a host, not at its root alone.
  base: './',
  build: { target: 'es2022' },
};
