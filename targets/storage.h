#pragma once

#include "targets/statements.h"

#include <memory>

namespace sylvite {

/// The memory of the arrays that a driver makes, in one block of a program: one allocation for all of them, made where
/// the block begins.
///
/// The block of a loop has memory of its own only for arrays whose extents change from step to step; that memory is
/// kept from step to step and grows when it must. Every array is 64-byte aligned.
class Storage {
public:
    /// `program` is named in errors; `on_device` says whether arrays may come to lie on a device.
    Storage(std::string program, bool on_device);

    /// A new array; the Expr is a pointer to its halide_buffer_t.
    Expr array(const std::string &name, Halide::Type type, const std::vector<Expr> &extents);
    /// A second halide_buffer_t for the host memory of the array of that pointer.
    Expr alias(const Expr &array);
    /// A halide_buffer_t for slices of the last dimension of `array`, from `first` on: it has `extents`.
    Expr slices(const Expr &array, const std::vector<Expr> &extents, int first);
    /// A halide_buffer_t without memory, to be pointed at parts of other arrays.
    Expr view(const std::string &name, Halide::Type type, const std::vector<Expr> &extents);

    /// What must run before the program begins: destructors, so that errors anywhere return all memory.
    void prepare(Statements &out) const;
    /// What must run where the block begins.
    void enter(Statements &out) const;

private:
    struct Item {
        std::string name;
        Halide::Type type;
        std::vector<Expr> extents;
        int host_of;    ///< the item whose host memory this one has, or -1 for none
        int slice = 0;  ///< where in that memory it begins: a slice of the last dimension
    };
    std::string program_, arena_;
    bool on_device_;
    std::vector<Item> items_;

    int place_of(const Expr &array) const;
    std::string name_of_next(const std::string &name) const;
    Expr arena() const;
    Expr pointer(const Item &item) const;
};

}  // namespace sylvite
