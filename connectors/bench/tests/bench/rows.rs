//! Rows equal those of the connectors in other languages: checksums on which three independent
//! implementations agree.

use std::sync::Arc;

use athena_connector_bench::{BenchTable, Checksum};
use athena_connector_sdk::arrow::{
    array::{ArrayRef, AsArray},
    datatypes::{DataType, Date32Type, Date64Type, Int64Type, Schema, SchemaRef},
    record_batch::RecordBatch,
    util::display::array_value_to_string,
};

const WIDE16: [u64; 17] = [
    0xa1d2_6408_d1d1_069a,
    0xf7c3_89e9_7fb1_b53b,
    0xd886_2635_7482_7f58,
    0xbd1a_f646_7bcf_cbb0,
    0x4c1d_2bb8_8855_679c,
    0xa984_23aa_b1cf_d890,
    0x33a9_9a66_634a_b400,
    0x0f17_e944_8b0b_2b93,
    0x25fa_cf05_4d19_74e9,
    0xf83d_53cb_7bb5_a9a8,
    0x8c63_cdfb_ba0f_35a2,
    0x3c34_3f4b_7bb1_c6e8,
    0x54c6_9184_4433_5db4,
    0xb06c_0214_3c8d_7e0b,
    0x47a3_fbe1_3153_ec15,
    0x09f5_0516_bd47_af0a,
    0x7284_fcb8_8b9a_9c4c,
];

const WIDE16_FILTERED: [u64; 17] = [
    0x0623_79d1_c9e7_ed05,
    0x267f_84d8_5fcb_d705,
    0x5d41_a960_6d21_12be,
    0x51b2_2280_0a6d_67ff,
    0x80b4_4b5f_1d8d_770e,
    0xaabf_865c_df42_5f48,
    0x1d09_7d42_ab1e_7317,
    0x5534_9cd8_65d8_983b,
    0x38b7_6446_cb6e_0824,
    0xb304_d655_70af_993c,
    0x5329_ce9d_f57c_5382,
    0x26e5_7265_8d89_68ca,
    0xab60_d927_30c4_1851,
    0x1f92_6c5b_ff0b_8ec5,
    0x6ceb_7742_f3f8_e5c6,
    0x93a8_0492_fe9c_86e2,
    0x3cf9_0ff8_c3e8_a7e5,
];

const NARROW3: [u64; 4] =
    [0x42d8_904e_76de_9834, 0xf7c3_89e9_7fb1_b53b, 0xebae_c3c0_133c_7fa6, 0x7291_545c_6bc3_2e37];

fn schema(table: BenchTable) -> SchemaRef {
    Arc::new(Schema::new(table.fields()))
}

#[track_caller]
fn assert_sums(sum: &Checksum, rows: u64, expected: &[u64]) {
    assert_eq!(sum.rows, rows);
    assert_eq!(sum.columns, expected[1..]);
    assert_eq!(sum.all, expected[0]);
}

#[test]
fn a_million_rows_have_the_checksums_of_every_other_implementation() {
    assert_sums(&BenchTable::Wide16.checksum(0..1_000_000).unwrap(), 1_000_000, &WIDE16);
    assert_sums(&BenchTable::Narrow3.checksum(0..1_000_000).unwrap(), 1_000_000, &NARROW3);
}

#[test]
fn a_long_text_has_the_letters_of_its_hash_to_the_end() {
    let batch = BenchTable::Huge2.batch(7..8).unwrap();
    let text = batch.column(1).as_string::<i32>().value(0);
    assert_eq!(text.len(), 2_000_000);
    let mut x = splitmix64((7 << 4) + 1);
    for (at, letters) in text.as_bytes().chunks(8).enumerate() {
        let w = x.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let w = ((w ^ (w >> 32)) & 0x0F0F_0F0F_0F0F_0F0F) + 0x6161_6161_6161_6161;
        assert_eq!(letters, w.to_le_bytes(), "word {at}");
        x = x.wrapping_add(0xD1B5_4A32_D192_ED03);
    }
}

/// Reimplements the hash of the tables' definition.
fn splitmix64(x: u64) -> u64 {
    let z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[test]
fn one_percent_of_the_rows_passes_the_filter() {
    let filtered = BenchTable::Wide16.filtered_checksum(0..1_000_000, |batch| {
        let b1 = batch.column(1).as_primitive::<Int64Type>();
        Some(b1.iter().map(|value| value.map(|value| (0..10_486).contains(&value))).collect())
    });
    assert_sums(&filtered.unwrap(), 10_009, &WIDE16_FILTERED);
}

#[test]
fn rows_are_the_same_in_any_ranges() {
    let mut parts = Checksum::default();
    for range in [(0, 1), (1, 8_193), (8_193, 20_000)] {
        for batch in BenchTable::Wide16.read(&schema(BenchTable::Wide16), range.0..range.1).unwrap()
        {
            parts.add(&batch.unwrap()).unwrap();
        }
    }
    assert_eq!(parts, BenchTable::Wide16.checksum(0..20_000).unwrap());
}

#[test]
fn a_value_in_another_row_or_column_changes_the_checksum() {
    let [first, second] = [0, 1].map(|row| {
        BenchTable::Narrow3
            .read(&schema(BenchTable::Narrow3), row..row + 1)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
    });
    let crossed = |ids: &RecordBatch, rest: &RecordBatch| {
        let columns = ids.columns()[..1].iter().chain(&rest.columns()[1..]).cloned().collect();
        RecordBatch::try_new(ids.schema(), columns).unwrap()
    };
    let mut right = Checksum::default();
    let mut wrong = Checksum::default();
    for (batch, other) in [(&first, &second), (&second, &first)] {
        right.add(batch).unwrap();
        wrong.add(&crossed(batch, other)).unwrap();
    }
    assert_eq!(right.columns, wrong.columns, "every column has the same values");
    assert_ne!(right.all, wrong.all, "but not in the same rows");
}

#[test]
fn rows_have_the_values_of_the_definition() {
    let row = |number: u64| -> Vec<String> {
        let batch = BenchTable::Wide16
            .read(&schema(BenchTable::Wide16), number..number + 1)
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let format = |column: &ArrayRef| match column.data_type() {
            DataType::Date32 => column.as_primitive::<Date32Type>().value(0).to_string(),
            DataType::Date64 => column.as_primitive::<Date64Type>().value(0).to_string(),
            _ => array_value_to_string(column, 0).unwrap(),
        };
        batch.columns().iter().map(format).collect()
    };
    assert_eq!(
        row(0),
        [
            "0",
            "594082",
            "-7541218347953203506",
            "487265508",
            "2762",
            "-15526",
            "false",
            "0.3898297483912715",
            "-409627539.76660156",
            "-55879338608.89",
            "12234",
            "347714387235",
            "mmhaddcahf",
            "klbgbbecnplghp",
            "aifngdodjblambpkgknecpabkh",
            "ndoiepnccmcpknojgmkabkpbbebfhipiihhgngap",
        ]
    );
    assert_eq!(row(4)[4], "", "null");
    assert_eq!(row(4)[13], "ldooofjfaikk\u{e9}");
}
