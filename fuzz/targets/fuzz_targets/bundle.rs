#![no_main]

glossa_fuzz_targets::target!("bundle");
