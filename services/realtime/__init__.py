"""realtime: what happens now. Live changes of records, progress of jobs, and chat, over Socket.IO."""
