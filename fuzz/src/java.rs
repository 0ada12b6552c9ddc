//! Writes what Spark saves maps in: arrays of pairs by Java's serialisation, in a SequenceFile.

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn class(name: &str, version: u64) -> Vec<u8> {
    [&[0x72][..], &text(name), &version.to_be_bytes(), &[2]].concat()
}

/// An array of `scala.Tuple2` of strings and `java.lang.Integer`, byte for byte as Spark's executors write it.
pub(crate) fn map(pairs: &[(&str, i32)]) -> Vec<u8> {
    let mut bytes = vec![0xAC, 0xED, 0, 5, 0x75];
    bytes.extend(class("[Lscala.Tuple2;", 0x2ECC_00DF_D14F_D7C0));
    bytes.extend([&[0, 0, 0x78, 0x70][..], &(pairs.len() as i32).to_be_bytes()].concat());
    for (i, (name, number)) in pairs.iter().enumerate() {
        bytes.push(0x73);
        if i == 0 {
            bytes.extend(class("scala.Tuple2", 0x2E94_667D_5B92_F9F5));
            bytes.extend([&[0, 2, b'L'][..], &text("_1"), &[0x74], &text("Ljava/lang/Object;")].concat());
            bytes.extend([&b"L"[..], &text("_2"), &[0x71, 0, 0x7E, 0, 3, 0x78, 0x70]].concat());
        } else {
            bytes.extend([0x71, 0, 0x7E, 0, 2]);
        }
        bytes.extend([&[0x74][..], &text(name), &[0x73]].concat());
        if i == 0 {
            bytes.extend(class("java.lang.Integer", 0x12E2_A0A4_F781_8738));
            bytes.extend([&[0, 1, b'I'][..], &text("value"), &[0x78]].concat());
            bytes.extend(class("java.lang.Number", 0x86AC_951D_0B94_E08B));
            bytes.extend([0, 0, 0x78, 0x70]);
        } else {
            bytes.extend([0x71, 0, 0x7E, 0, 6]);
        }
        bytes.extend(number.to_be_bytes());
    }
    bytes
}

/// A SequenceFile of records.
pub(crate) fn sequence_file(records: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"SEQ\x06".to_vec();
    for class in ["org.apache.hadoop.io.NullWritable", "org.apache.hadoop.io.BytesWritable"] {
        bytes.push(class.len() as u8);
        bytes.extend(class.as_bytes());
    }
    bytes.extend([0; 6]);
    bytes.extend([1; 16]);
    for record in records {
        let length = record.len() as u32;
        bytes.extend((length + 4).to_be_bytes());
        bytes.extend(0u32.to_be_bytes());
        bytes.extend(length.to_be_bytes());
        bytes.extend(*record);
    }
    bytes
}
