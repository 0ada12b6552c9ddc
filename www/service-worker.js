// The service worker, as the build makes it of www/service-worker/: it stands here since it has only what lies below its script.
importScripts('pkg/service-worker.js');
