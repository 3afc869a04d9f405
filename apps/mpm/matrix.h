#pragma once

#include <Halide.h>

#include <vector>

namespace sylvite::apps {

using Halide::Expr;

/// A column of Exprs.
using Vector = std::vector<Expr>;

/// A square matrix of Exprs, column by column.
struct Matrix {
    int n;
    std::vector<Expr> elements;

    Matrix(int n, std::vector<Expr> elements) : n(n), elements(std::move(elements)) {}

    Expr &operator()(int i, int j) { return elements[static_cast<size_t>(j) * n + i]; }
    const Expr &operator()(int i, int j) const { return elements[static_cast<size_t>(j) * n + i]; }

    Vector column(int j) const {
        Vector column;
        for (int i = 0; i < n; i++) {
            column.push_back((*this)(i, j));
        }
        return column;
    }
};

inline Matrix diagonal(const Vector &values) {
    const int n = static_cast<int>(values.size());
    Matrix m(n, std::vector<Expr>(values.size() * values.size(), cast(values[0].type(), 0)));
    for (int i = 0; i < n; i++) {
        m(i, i) = values[i];
    }
    return m;
}

inline Matrix transposed(const Matrix &a) {
    Matrix t = a;
    for (int i = 0; i < a.n; i++) {
        for (int j = 0; j < a.n; j++) {
            t(i, j) = a(j, i);
        }
    }
    return t;
}

inline Matrix operator+(Matrix a, const Matrix &b) {
    for (size_t i = 0; i < a.elements.size(); i++) {
        a.elements[i] = a.elements[i] + b.elements[i];
    }
    return a;
}

inline Matrix operator*(const Expr &a, Matrix b) {
    for (Expr &e : b.elements) {
        e = a * e;
    }
    return b;
}

inline Matrix operator-(const Matrix &a, const Matrix &b) { return a + Expr(-1.f) * b; }

inline Matrix select(const Expr &condition, Matrix a, const Matrix &b) {
    for (size_t i = 0; i < a.elements.size(); i++) {
        a.elements[i] = Halide::select(condition, a.elements[i], b.elements[i]);
    }
    return a;
}

inline Vector sum_of(Vector a, const Vector &b) {
    for (size_t i = 0; i < a.size(); i++) {
        a[i] += b[i];
    }
    return a;
}

inline Vector operator*(const Matrix &a, const Vector &b) {
    Vector product;
    for (int i = 0; i < a.n; i++) {
        Expr sum = a(i, 0) * b[0];
        for (int j = 1; j < a.n; j++) {
            sum += a(i, j) * b[j];
        }
        product.push_back(sum);
    }
    return product;
}

inline Matrix operator*(const Matrix &a, const Matrix &b) {
    Matrix product(a.n, {});
    for (int j = 0; j < a.n; j++) {
        const Vector column = a * b.column(j);
        product.elements.insert(product.elements.end(), column.begin(), column.end());
    }
    return product;
}

/// Of 2 x 2 and 3 x 3 matrices.
inline Expr determinant(const Matrix &a) {
    if (a.n == 2) {
        return a(0, 0) * a(1, 1) - a(0, 1) * a(1, 0);
    }
    return a(0, 0) * (a(1, 1) * a(2, 2) - a(1, 2) * a(2, 1)) - a(0, 1) * (a(1, 0) * a(2, 2) - a(1, 2) * a(2, 0)) +
           a(0, 2) * (a(1, 0) * a(2, 1) - a(1, 1) * a(2, 0));
}

/// The rotation R of the polar decomposition a = R S of a 2 x 2 matrix, S symmetric.
inline Matrix rotation_of(const Matrix &a) {
    const Expr c = a(0, 0) + a(1, 1), s = a(1, 0) - a(0, 1), r = 1 / sqrt(c * c + s * s);
    return Matrix(2, {c * r, s * r, -s * r, c * r});
}

}  // namespace sylvite::apps
