//! Temporary folders that do not outlive their process.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use uuid::Uuid;

/// Beginning of the names of all folders.
const PREFIX: &str = "athena-local-";

/// A temporary folder, named `athena-local-PURPOSE-ID`, that only the current user can open.
///
/// Dropping it deletes it. A process that is killed drops nothing, so each folder is locked for as
/// long as its process runs, and [`Self::create`] deletes the folders that nobody has locked. A
/// lock ends with its process, whatever its cause, and is not confused by a reused process id.
#[derive(Debug)]
pub struct TemporaryFolder {
    path: PathBuf,
    /// Locked, if the file system supports it. Without locks, abandoned folders stay.
    _lock: File,
}

impl TemporaryFolder {
    /// Creates a folder in the system's folder for temporary files, and deletes those that killed
    /// processes of the current user have left there.
    ///
    /// `purpose` consists of lower-case letters and digits.
    ///
    /// # Errors
    ///
    /// If the folder cannot be created.
    pub fn create(purpose: &str) -> io::Result<Self> {
        Self::create_in(&std::env::temp_dir(), purpose)
    }

    fn create_in(parent: &Path, purpose: &str) -> io::Result<Self> {
        let id = Uuid::new_v4().simple();
        // Another process would delete a folder between its creation and its lock. So it gets its
        // name when it is locked.
        let unlocked = parent.join(format!(".{PREFIX}{id}"));
        let create = || {
            DirBuilder::new().mode(0o700).create(&unlocked)?;
            let lock = File::open(&unlocked)?;
            // Fails on file systems without locks.
            let _ = lock.try_lock();
            let path = parent.join(format!("{PREFIX}{purpose}-{id}"));
            fs::rename(&unlocked, &path)?;
            Ok(Self { path, _lock: lock })
        };
        let folder = create().inspect_err(|_: &io::Error| {
            // Does not exist if it could not be created.
            let _ = fs::remove_dir(&unlocked);
        })?;
        folder.remove_abandoned(parent);
        Ok(folder)
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Deletes the folders in `parent` with the owner of this one that are not locked.
    fn remove_abandoned(&self, parent: &Path) {
        let Ok(user) = self.path.symlink_metadata().map(|metadata| metadata.uid()) else { return };
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let own = entry.file_name().to_str().is_some_and(is_name)
                && entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == user);
            if own && let Err(error) = remove_if_abandoned(&entry.path()) {
                let folder = entry.path();
                tracing::debug!(%error, folder = %folder.display(), "cannot delete a folder");
            }
        }
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // The next start deletes the rest.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn remove_if_abandoned(folder: &Path) -> io::Result<()> {
    let lock = File::open(folder)?;
    match lock.try_lock() {
        // The lock is held until the folder is gone, so that no other process deletes it, too.
        Ok(()) => fs::remove_dir_all(folder),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Returns whether `name` has the form of [`TemporaryFolder`]'s names.
fn is_name(name: &str) -> bool {
    let Some((purpose, id)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-'))
    else {
        return false;
    };
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !purpose.is_empty() && purpose.bytes().all(is_plain) && Uuid::try_parse(id).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_user_can_open_a_folder_and_dropping_deletes_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = TemporaryFolder::create_in(parent.path(), "s3").unwrap();
        assert_eq!(folder.path().metadata().unwrap().mode() & 0o777, 0o700);
        fs::create_dir_all(folder.path().join("bucket/key")).unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn abandoned_folders_are_deleted_and_locked_or_other_ones_are_not() {
        let parent = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = parent.path().join(name);
            fs::create_dir_all(path.join("bucket")).unwrap();
            path
        };
        let live = TemporaryFolder::create_in(parent.path(), "engine").unwrap();
        // A killed process releases its lock.
        let abandoned = make(&format!("athena-local-s3-{}", Uuid::new_v4().simple()));
        let others = [make("athena-local-s3-x1"), make("athena-local-notes"), make("another")];
        let link = parent.path().join(format!("athena-local-s3-{}", Uuid::new_v4().simple()));
        std::os::unix::fs::symlink(&others[2], &link).unwrap();
        let new = TemporaryFolder::create_in(parent.path(), "s3").unwrap();
        assert!(!abandoned.exists());
        assert!(live.path().exists() && new.path().exists());
        assert!(link.is_symlink() && others.iter().all(|other| other.join("bucket").exists()));
    }
}
