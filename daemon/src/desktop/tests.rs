//! The watcher on a bus of its own, with stand-ins for logind and NetworkManager.
