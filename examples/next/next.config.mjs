export default {
  // Pages as files, which any static host serves.
  output: 'export',
};
