//! Packages as registries serve them: a compressed tar, a zip of stored files.

use miniz_oxide::deflate::compress_to_vec;

/// A file of a package: its path, its text, whether it is a program.
pub type Entry<'a> = (&'a str, &'a str, bool);

/// Packs a gzip-compressed tar (POSIX ustar) with every path below `top`.
pub fn tar_gz(top: &str, entries: &[Entry<'_>]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (path, text, is_program) in entries {
        let mut header = [0_u8; 512];
        let mut put = |at: usize, field: &str| {
            header[at..at + field.len()].copy_from_slice(field.as_bytes());
        };
        put(0, &format!("{top}/{path}"));
        put(
            100,
            if *is_program {
                "0000755\0"
            } else {
                "0000644\0"
            },
        );
        put(108, "0000000\0");
        put(116, "0000000\0");
        put(124, &format!("{:011o}\0", text.len()));
        put(136, "00000000000\0");
        put(148, "        ");
        put(156, "0");
        put(257, concat!("ustar\0", "00"));
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend(header);
        tar.extend(text.as_bytes());
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.extend([0; 1024]);
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    packed.extend(compress_to_vec(&tar, 6));
    packed.extend(crc32(&tar).to_le_bytes());
    packed.extend(u32::try_from(tar.len()).unwrap().to_le_bytes());
    packed
}

/// Packs a zip without compression.
pub fn zip(entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut packed, mut directory) = (Vec::new(), Vec::new());
    for (path, text, _) in entries {
        let size = u32::try_from(text.len()).unwrap().to_le_bytes();
        let name = u16::try_from(path.len()).unwrap().to_le_bytes();
        let offset = u32::try_from(packed.len()).unwrap().to_le_bytes();
        // Version, flags, method, time, date (1980-01-01), checksum, sizes, lengths.
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        common.extend(crc32(text.as_bytes()).to_le_bytes());
        common.extend(size);
        common.extend(size);
        common.extend(name);
        common.extend([0, 0]);
        packed.extend(b"PK\x03\x04");
        packed.extend(&common);
        packed.extend(path.as_bytes());
        packed.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset);
        directory.extend(path.as_bytes());
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let start = u32::try_from(packed.len()).unwrap().to_le_bytes();
    let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
    packed.extend(directory);
    packed.extend(b"PK\x05\x06\0\0\0\0");
    packed.extend(count);
    packed.extend(count);
    packed.extend(length);
    packed.extend(start);
    packed.extend([0, 0]);
    packed
}

/// The checksum of both (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}
