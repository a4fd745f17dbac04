//! What the tests of several modules need: folders that vanish with their owner.

use std::path::{Path, PathBuf};

use xmppd_core::entropy::Entropy;

/// A new, empty folder of mode 0700 that is removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("xmppd-test-{}", Entropy::new(crate::host::seed().expect("a seed")).id());
        let path = std::env::temp_dir().join(name);
        crate::places::own_folder(&path).expect("a folder for the test");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file of that mode into the folder and says where it is.
    pub(crate) fn write(&self, name: &str, mode: u32, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file for the test");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
