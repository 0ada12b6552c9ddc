'use client';

import { Annotator } from 'glossa-ner';
import model from 'glossa-ner-cellular';
import { useEffect, useState } from 'react';

export default function Entities({ text }) {
  const [chunks, setChunks] = useState([]);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    (async () => {
      const annotator = await Annotator.create({ model, signal });
      try {
        setChunks((await annotator.annotate(text, { signal })).chunks);
      } finally {
        annotator.dispose();
      }
    })().catch((error) => error.code === 'cancelled' || console.error(error));
    return () => controller.abort();
  }, [text]);
  return (
    <>
      <p>{text}</p>
      <ul>
        {chunks.map(({ begin, end, entity }) => (
          <li key={begin}>{`${entity}: ${text.slice(begin, end)}`}</li>
        ))}
      </ul>
    </>
  );
}
