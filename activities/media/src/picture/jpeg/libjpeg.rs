//! What surrounds every call of libjpeg: it reports errors by unwinding, and warnings by calling.

use std::cell::Cell;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mozjpeg_sys::{jpeg_common_struct, jpeg_error_mgr};

use crate::Problem;

thread_local! {
    /// How often libjpeg had to guess, on this thread, since [`forget_warnings`].
    static WARNINGS: Cell<u32> = const { Cell::new(0) };
}

/// What unwinds out of libjpeg.
struct GaveUp;

/// Calls libjpeg; where it gives up there is a problem.
pub(in super::super) fn guarded<T>(call: impl FnOnce() -> std::io::Result<T>) -> Result<T, Problem> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Problem::corrupt(format!("the JPEG decoder stopped: {error}"))),
        Err(payload) if payload.is::<GaveUp>() || payload.is::<String>() => {
            Err(Problem::corrupt("the JPEG decoder gave up"))
        }
        Err(payload) => resume_unwind(payload),
    }
}

/// An error manager that counts warnings, which libjpeg's own prints or swallows.
pub(super) fn counting() -> jpeg_error_mgr {
    jpeg_error_mgr {
        error_exit: Some(give_up),
        emit_message: Some(count),
        output_message: Some(say_nothing),
        format_message: None,
        reset_error_mgr: Some(say_nothing),
        msg_code: 0,
        msg_parm: mozjpeg_sys::msg_parm_union::default(),
        trace_level: 0,
        num_warnings: 0,
        jpeg_message_table: std::ptr::null(),
        last_jpeg_message: 0,
        addon_message_table: std::ptr::null(),
        first_addon_message: 0,
        last_addon_message: 0,
    }
}

pub(super) fn forget_warnings() {
    WARNINGS.set(0);
}

pub(super) fn has_warned() -> bool {
    WARNINGS.get() > 0
}

extern "C-unwind" fn give_up(_: &mut jpeg_common_struct) {
    resume_unwind(Box::new(GaveUp));
}

extern "C-unwind" fn count(_: &mut jpeg_common_struct, level: c_int) {
    // Above are traces, of which there may be many.
    if level < 0 {
        WARNINGS.set(WARNINGS.get().saturating_add(1));
    }
}

extern "C-unwind" fn say_nothing(_: &mut jpeg_common_struct) {}
