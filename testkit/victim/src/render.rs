//! Drawing: crashes of the main thread in compiled code, with and without inlined calls.

use std::arch::asm;
use std::hint::black_box;

/// The part of a layer that the compositor changes; the opacity is 0x18 bytes from its start.
#[repr(C)]
struct Layer {
    bounds: [f32; 4],
    parent: u64,
    opacity: f32,
}

/// Draws one frame, one layer of which is gone: writes to 0x18 through two inlined calls.
#[inline(never)]
pub(crate) fn present_frame() {
    let layers = [black_box(std::ptr::null_mut::<Layer>())];
    let drawn = composite_layers(&layers);
    black_box(drawn);
}

#[inline(never)]
fn composite_layers(layers: &[*mut Layer]) -> usize {
    let mut drawn = 0;
    for &layer in layers {
        fade_in(layer);
        drawn += 1;
    }
    black_box(drawn)
}

#[inline(always)]
fn fade_in(layer: *mut Layer) {
    set_opacity(layer, 1.0);
}

#[inline(always)]
fn set_opacity(layer: *mut Layer, opacity: f32) {
    // SAFETY: none. The layer is null, and the write to it is the crash asked for.
    unsafe { (&raw mut (*layer).opacity).write_volatile(opacity) }
}

/// Draws a shape of an unknown kind: executes an instruction that no processor has.
#[inline(never)]
pub(crate) fn draw_unknown_shape() {
    let area = select_blend_mode(black_box(7));
    black_box(area);
}

#[inline(never)]
fn select_blend_mode(mode: u32) -> u32 {
    if mode > 3 {
        trap_unreachable_mode();
    }
    black_box(mode)
}

#[inline(never)]
fn trap_unreachable_mode() {
    // SAFETY: the instruction touches no memory; the signal it raises is the crash asked for.
    unsafe { asm!("ud2") }
}
