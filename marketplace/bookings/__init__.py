"""Claims on specialists' time: slots, holds, bookings and their lives."""
