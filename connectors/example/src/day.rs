//! Partitions of the table.

/// Folder of the objects of a day. A day may have several, such as `day=1/` and `day=01/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Prefix of its objects, which ends with `/`.
    pub path: String,
    /// Day in its path.
    pub day: Day,
}

/// Partition: the visits of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Year of the Gregorian calendar.
    pub year: i32,
    /// Month, from 1 to 12.
    pub month: i32,
    /// Day of the month, from 1 to 31.
    pub day: i32,
}

impl Day {
    /// Returns the folder of a sample below `prefix`, named as Hive names partitions. Other folders
    /// may write a number otherwise, and are read as they are.
    pub fn folder(self, prefix: &str) -> String {
        format!("{prefix}year={}/month={:02}/day={:02}/", self.year, self.month, self.day)
    }
}
